"""`manage.py train MODEL`: ask for a training, and if so wished watch it or carry it out here."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import msgspec
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from agentic.actors import Source, system
from agentic.errors import DomainError
from agentic.parsing import decode
from mlregistry.models import JOB_LEGAL, JobStatus, TrainingJob, Trigger
from mlregistry.selectors import read_job
from mlregistry.services.running import Watch, run_job
from mlregistry.services.training import request_training_job
from mlregistry.shapes import NewTrainingJob

LOOK_SECONDS = 0.5


def as_config(text: str) -> dict[str, Any]:
    try:
        config: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise ArgumentTypeError("a JSON object") from error
    return config


class Command(BaseCommand):
    help = "Ask for a training job. Without --here or --wait a worker carries it out, and nobody waits for it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", help="the name of the model to make a version of")
        parser.add_argument("--trainer", default="", metavar="NAME", help="(the model's own)")
        parser.add_argument("--config", type=as_config, default={}, metavar="JSON", help="({})")
        parser.add_argument("--seed", type=int, default=0, help="what is drawn depends on it (0)")
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--here", action="store_true", help="carry it out in this process")
        where.add_argument("--wait", action="store_true", help="until a worker has carried it out")

    def handle(
        self,
        *args: Any,
        model: str,
        trainer: str,
        config: dict[str, Any],
        seed: int,
        here: bool,
        wait: bool,
        **options: Any,
    ) -> None:
        asked = {"model_name": model, "trainer": trainer, "config": config, "seed": seed}
        job = self.request(asked)
        if here:
            self.carry_out(job)
        elif wait:
            self.watch(job)
        else:
            self.stdout.write(f"Training job {job.pk} waits for a worker.")
            return
        self.tell(read_job(job.pk))

    def request(self, asked: dict[str, Any]) -> TrainingJob:
        try:
            said = decode(msgspec.json.encode(asked), NewTrainingJob)
            return request_training_job(
                actor=system(Source.COMMAND),
                trigger=Trigger.COMMAND,
                **msgspec.structs.asdict(said),
            )
        except DomainError as error:
            raise CommandError(in_words(error)) from error

    def carry_out(self, job: TrainingJob) -> None:
        with moving(job.model_name) as watch:
            try:
                is_ours = run_job(job.pk, actor=system(Source.COMMAND), watch=watch)
            except KeyboardInterrupt as error:
                raise CommandError("Called off by you.", returncode=130) from error
        if not is_ours:  # a worker was faster
            self.watch(job)

    def watch(self, job: TrainingJob) -> None:
        with moving(job.model_name) as watch:
            try:
                for row in looks(job.pk):
                    watch(row.progress, "")
            except KeyboardInterrupt as error:
                text = f"It goes on without you: job {job.pk}."
                raise CommandError(text, returncode=130) from error

    def tell(self, job: TrainingJob) -> None:
        if job.status != JobStatus.COMPLETED:
            raise CommandError(f"Training job {job.pk}: {job.status}. {job.error}".strip())
        for model in job.models.all():
            self.stdout.write(self.style.SUCCESS(f"Made {model} (job {job.pk})."))
        for name, value in sorted(job.metrics.items()):
            if isinstance(value, int | float | str):
                self.stdout.write(
                    f"  {name}: {value:.4g}" if isinstance(value, float) else f"  {name}: {value}"
                )


def in_words(error: DomainError) -> str:
    fields: dict[str, list[str]] = error.members.get("errors", {})
    return "; ".join(f"{n}: {t}" for n, texts in fields.items() for t in texts) or str(error)


def looks(job_id: UUID) -> Iterator[TrainingJob]:
    while True:
        row = read_job(job_id)
        yield row
        if not JOB_LEGAL[row.status]:
            return
        time.sleep(LOOK_SECONDS)


@contextmanager
def moving(name: str) -> Iterator[Watch]:
    """A bar on the error output, where that is a terminal; the trainer's lines above it."""
    console = Console(stderr=True, highlight=False, markup=False)
    columns: tuple[Any, ...] = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    is_dumb = not console.is_terminal
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=is_dumb) as bar:
        work = bar.add_task(name, total=1)

        def watch(progress: float, text: str) -> None:
            bar.update(work, completed=progress)
            if text:
                bar.console.print(text)

        yield watch
