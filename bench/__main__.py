"""`python -m bench [--quick] [NAME...]`: every measurement, or some, each in a process and a database of its own."""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import django

from bench import platform
from bench.report import Row, as_json, of_json, progress, table

MEASUREMENTS = (
    "lifecycle", "batches", "peers", "services", "idle", "due", "deadlines", "pages", "waiting", "lateness",
    "sockets", "page_sockets", "scoring", "paint", "learning",
    "simulation", "coverage",
)  # fmt: skip
# Arrays alone: these need neither PostgreSQL nor Redis.
WITHOUT_DATABASE = frozenset({"learning", "coverage"})
PASSES, QUICK_PASSES = 5, 3


def main() -> None:
    asked = arguments()
    passes = QUICK_PASSES if asked.quick else PASSES
    if asked.inside:
        measure(asked.names[0], passes)
        return
    names = asked.names or MEASUREMENTS
    with nullcontext() if WITHOUT_DATABASE.issuperset(names) else platform.template():
        rows = [row for name in names for row in apart(name, asked.quick)]
    print(
        f"\n{passes} interleaved passes each; ratios count, absolute figures vary with the machine.\n"
    )
    print(table(rows))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*MEASUREMENTS, []], metavar="NAME")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PASSES} passes, not {PASSES}")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def apart(name: str, quick: bool) -> list[Row]:
    """The measurement in a process of its own, so that none inherits what another has warmed or filled."""
    progress(name)
    started = time.monotonic()
    command = [sys.executable, "-m", "bench", "--inside", name, *(["--quick"] if quick else [])]
    with place_for(name) as environment:
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, text=True, check=False
        )
    if done.returncode:
        return [Row(name, [float("nan")], 0, "broke: see above")]
    rows = [of_json(line) for line in done.stdout.splitlines()]
    progress(f"{name}: {time.monotonic() - started:.0f} s\n{table(rows)}")
    return rows


@contextmanager
def place_for(name: str) -> Iterator[dict[str, str]]:
    """The environment to measure in."""
    if name in WITHOUT_DATABASE:
        yield {**os.environ, "DJANGO_SETTINGS_MODULE": "agentic.settings"}
        return
    with platform.fresh_database(name) as database:
        yield platform.environment(database)


def measure(name: str, passes: int) -> None:
    django.setup()
    for row in importlib.import_module(f"bench.{name}").measure(passes):
        print(as_json(row), flush=True)


if __name__ == "__main__":
    main()
