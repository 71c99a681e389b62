"""The trainer that docs/how-to/train.md shows, as somebody would bring it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command

from agentic.actors import Actor
from agentic.environment import dotted_paths
from decisions.services.feedback import give_feedback
from decisions.shapes import FeedbackRequest
from mlregistry import artifacts
from mlregistry.models import TrainingJob
from mlregistry.services import running
from mlregistry.services.running import run_job
from mlregistry.services.training import request_training_job
from tests.decisions.floor import Floor
from tests.mlregistry.jobs import anew, made

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "train.md"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ratings(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The module of the page, where Python finds it, named as the page says."""
    text = PAGE.read_text()
    (source,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (named,) = re.findall(r"TRAINERS=(\S+) manage.py", text)
    (tmp_path / "ratings.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(running, "PULSE_SECONDS", 0.02)
    settings.TRAINERS = settings.TRAINERS | dotted_paths("TRAINERS", named, ours=settings.TRAINERS)
    settings.MODEL_ROOT = tmp_path / "models"


def rate(floor: Floor, *numbers: int) -> None:
    for number in numbers:
        task_id = floor.create()
        told = FeedbackRequest(feedback_type="user_rating", rating=number)
        give_feedback(task_id, actor=floor.operator, told=told)


def test_it_is_found_and_trains(ratings: None, floor: Floor) -> None:
    assert [error for error in run_checks() if str(error.id).startswith("mlregistry")] == []
    rate(floor, *[5, 4] * 6)
    call_command("train", "ratings", "--here")
    job = TrainingJob.objects.get()
    (model,) = made(job)
    learned = json.loads(artifacts.read(model.sha256))
    assert 4 < learned["others"] < 5
    assert (job.metrics["mean_error"]["n"], model.card["trained_on"]) == (3, {"n": 9})


def test_it_says_in_its_own_words_why_it_cannot(
    ratings: None, floor: Floor, operator: Actor
) -> None:
    rate(floor, 5)
    job = request_training_job(actor=operator, model_name="ratings")
    run_job(job.pk)
    assert anew(job).error == "There are 1 ratings, and it takes 10."


def test_trained_twice_it_is_the_same_file(ratings: None, floor: Floor, operator: Actor) -> None:
    rate(floor, *[5, 4] * 6)
    jobs = [request_training_job(actor=operator, model_name="ratings") for _ in range(2)]
    for job in jobs:
        run_job(job.pk)
    one, two = (made(job)[0] for job in jobs)
    assert one.sha256 == two.sha256
    assert one.version != two.version


def test_a_trainer_that_is_not_there_stops_the_start(settings: Any) -> None:
    settings.TRAINERS = settings.TRAINERS | {"mine": "no.such.trainer"}
    (error,) = [error for error in run_checks() if error.id == "mlregistry.E001"]
    assert "The trainer 'mine' cannot be loaded" in error.msg


@pytest.mark.parametrize(
    "text", ["mine", "=a.b", "mine=train", "a=b.c,a=d.e", "calibration=a.b", "a=b c.d"]
)
def test_a_line_that_names_none_is_refused(text: str) -> None:
    with pytest.raises(Exception, match=r"^TRAINERS: "):
        dotted_paths("TRAINERS", text, ours=["calibration"])


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("TRAINING_LEASE_SECONDS", 1, "E002"),
        ("TRAINING_MOST_SECONDS", 3600, "E003"),
        ("TRAINING_MOST_SECONDS", 0, "E003"),
        ("LEARN_EVERY_VERDICTS", -1, "E004"),
    ],
)
def test_times_that_cannot_be_are_named(settings: Any, name: str, value: int, fault: str) -> None:
    setattr(settings, name, value)
    (error,) = [error for error in run_checks() if error.id == f"mlregistry.{fault}"]
    assert error.msg.startswith(name)
