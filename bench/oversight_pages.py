"""The pages that people look at, at 1,000,000 tasks against 10,000: a server for each, and the two asked in turn."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import httpx
from django.conf import settings
from django.test import Client
from django.urls import reverse

from agentic.models import User
from agentic.roles import Role
from bench import cast, platform
from bench.report import Row, percentile, progress, told
from bench.stores import Store
from decisions.models import Decision
from decisions.states import DecisionStatus, State

SAMPLES = 20
Times = dict[str, dict[str, list[float]]]  # by page and store


def measure(passes: int, stores: dict[str, Store]) -> list[Row]:
    """What a request takes from the first byte to the last, of one server process that does nothing else."""
    paths = {name: addresses(store) for name, store in stores.items()}
    with served(stores) as sites:
        found = [asked_in_turn(sites, paths, number) for number in range(passes + 1)][1:]
    return [row(page, [times[page] for times in found]) for page in paths["few"]]


def addresses(store: Store) -> dict[str, str]:
    store.use()
    waiting = Decision.objects.filter(status=DecisionStatus.PENDING).order_by("due_at")
    events, task = reverse("event_log"), store.entity()
    return {
        "dashboard": reverse("dashboard"),
        "review desk": reverse("reviews"),
        "review": reverse("review", args=[waiting.values_list("pk", flat=True)[0]]),
        "escalations": reverse("escalations"),
        "tasks": reverse("tasks"),
        "tasks of one state": reverse("tasks", query={"state": State.VERIFIED}),
        "task": reverse("task", args=[task]),
        "events": events,
        "events deep": f"{events}?before={store.events // 10}",
        "events of a task": f"{events}?entity_id={task}",
        "events of a kind": f"{events}?event_type=task.requeued",
    }


@contextmanager
def served(stores: dict[str, Store]) -> Iterator[dict[str, httpx.Client]]:
    """A server process for each, with somebody who has signed in."""
    cookies = {name: cookie(store) for name, store in stores.items()}
    few, many = stores["few"].url, stores["many"].url
    with tempfile.TemporaryDirectory() as folder:
        collect_files(folder)
        with (
            platform.web(workers=1, DATABASE_URL=few, DATA_DIR=folder) as first,
            platform.web(workers=1, DATABASE_URL=many, DATA_DIR=folder) as second,
        ):
            yield {
                name: httpx.Client(
                    base_url=f"http://127.0.0.1:{port}",
                    cookies=cookies[name],
                    headers={"Host": "localhost"},
                )
                for name, port in {"few": first, "many": second}.items()
            }


def cookie(store: Store) -> dict[str, str]:
    store.use()
    cast.person("admin", Role.ADMIN)
    site, user = Client(), User.objects.get(username="admin")
    site.force_login(user, backend="agentic.passwords.PasswordBackend")
    return {settings.SESSION_COOKIE_NAME: site.cookies[settings.SESSION_COOKIE_NAME].value}


def collect_files(folder: str) -> None:
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    environ = platform.environment("postgres", DATA_DIR=folder)
    subprocess.run(command, cwd=platform.ROOT, env=environ, check=True)


def asked_in_turn(
    sites: dict[str, httpx.Client], paths: dict[str, dict[str, str]], number: int
) -> Times:
    found: Times = {page: {name: [] for name in sites} for page in paths["few"]}
    for page in paths["few"]:
        for _ in range(SAMPLES):
            for name, site in sites.items():
                found[page][name].append(taken(site, paths[name][page]))
    progress(f"oversight pages, pass {number}")
    return found


def taken(site: httpx.Client, path: str) -> float:
    """In milliseconds."""
    began = time.perf_counter()
    answer = site.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code}")
    return (time.perf_counter() - began) * 1000


def row(page: str, passes: list[dict[str, list[float]]]) -> Row:
    ratios = [median(times["many"]) / median(times["few"]) for times in passes]
    few, many = (
        f"{told(median(all_of))} ms (p95 {told(percentile(all_of, 0.95))})"
        for all_of in ([t for times in passes for t in times[name]] for name in ("few", "many"))
    )
    name = f"page: {page}, 1,000,000 tasks / 10,000"
    return Row(name, ratios, 1.5, f"{many} against {few}", at_most=True)
