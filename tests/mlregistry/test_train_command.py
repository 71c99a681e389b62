"""`manage.py train` and `run_training_job`: the command line asks for a training, watches it, or carries it out."""

from __future__ import annotations

import threading
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from agentic.actors import Actor
from mlregistry.management.commands import train as command
from mlregistry.models import TrainingJob
from mlregistry.services import running
from mlregistry.services.leases import take
from mlregistry.services.running import run_job
from mlregistry.services.training import cancel_training_job
from tests.decisions.threads import alone
from tests.mlregistry.jobs import TRAINERS, anew, asked, made

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quick(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    settings.TRAINERS = settings.TRAINERS | TRAINERS
    settings.MODEL_ROOT = tmp_path
    monkeypatch.setattr(running, "PULSE_SECONDS", 0.02)
    monkeypatch.setattr(command, "LOOK_SECONDS", 0.02)


def train(*words: str) -> str:
    out = StringIO()
    call_command("train", *words, stdout=out)
    return out.getvalue()


def test_it_asks_and_leaves_the_work_to_a_worker() -> None:
    said = train("review_risk", "--seed", "7", "--config", '{"a": 1}')
    job = TrainingJob.objects.get()
    assert str(job.pk) in said
    assert (job.status, job.seed, job.config, job.trigger) == ("pending", 7, {"a": 1}, "command")


def test_it_carries_it_out_here_and_tells_what_came_of_it() -> None:
    said = train("numbers", "--trainer", "own", "--here")
    job = TrainingJob.objects.get()
    (model,) = made(job)
    assert f"Made {model}" in said
    assert "n: 100" in said


def test_it_waits_until_a_worker_has_done_it() -> None:
    def work() -> None:
        while not TrainingJob.objects.exists():
            threading.Event().wait(0.02)
        run_job(TrainingJob.objects.get().pk)

    worker = threading.Thread(target=lambda: alone(work))
    worker.start()
    try:
        assert "Made numbers" in train("numbers", "--trainer", "own", "--wait")
    finally:
        worker.join(20)


def test_a_failure_ends_it_with_the_reason() -> None:
    with pytest.raises(CommandError, match="it takes 100 examples"):
        train(
            "numbers",
            "--trainer",
            "own",
            "--here",
            "--config",
            '{"fails": "it takes 100 examples"}',
        )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["m", "--trainer", "nobody"], "trainer: one of"),
        (["m", "--seed", "-1"], "seed: "),
        (["m", "--config", "[1]"], "a JSON object"),
        (["m", "--config", '{"a": "\\u0000"}'], "config"),
        ([" "], "model_name: "),
    ],
)
def test_what_is_asked_for_wrongly_is_named(words: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        train(*words)
    assert not TrainingJob.objects.exists()


def test_who_interrupts_it_here_calls_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(work: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "train", interrupted)
    with pytest.raises(CommandError, match="Called off by you"):
        train("numbers", "--trainer", "own", "--here")
    assert TrainingJob.objects.get().status == "cancelled"


def test_a_job_that_waits_is_carried_out_by_its_id(
    operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *args: None)
    job = asked(operator)
    call_command("run_training_job", str(job.pk))
    assert anew(job).status == "completed"


def test_its_process_ends_beside_a_trainer_that_does_not_listen(
    operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *args: None)
    monkeypatch.setattr(running, "GRACE_SECONDS", 0.1)
    codes: list[int] = []
    monkeypatch.setattr("os._exit", codes.append)
    job = asked(operator, steps=0, silent=1.5)
    calling_off = threading.Timer(
        0.3, lambda: alone(lambda: cancel_training_job(actor=operator, job_id=job.pk))
    )
    calling_off.start()
    call_command("run_training_job", str(job.pk))
    calling_off.join()
    assert (codes, anew(job).status) == ([1], "cancelled")


def test_a_job_that_another_one_has_is_left_alone(
    operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *args: None)
    job = asked(operator)
    take(job.pk, actor=operator)
    with pytest.raises(CommandError, match="Another worker has it"):
        call_command("run_training_job", str(job.pk))
