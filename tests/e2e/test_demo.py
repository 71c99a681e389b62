"""`manage.py demo`, from nothing at all to every task verified, and on to models that decide."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from tests.e2e.embedded import manage, prepare

pytestmark = pytest.mark.skipif(not settings.EMBEDDED, reason="tried in the run on SQLite")


def test_it_ends_with_every_task_verified(tmp_path: Path) -> None:
    ended = manage(tmp_path, "demo", "--tasks", "30", "--review", timeout=120)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "The reviewer of this demo knows the true labels." in ended.stdout
    assert "30 verified" in ended.stdout
    assert "All as their events say" in ended.stdout


# How many versions are live, decisions by the phase's policy, those that carry the live versions, and the admins left.
LOOK = """
from agentic.models import User
from decisions.models import Decision, ReviewPolicy
from mlregistry.models import RegisteredModel
policy = ReviewPolicy.objects.get(is_active=True)
version = RegisteredModel.objects.get(name='review_risk', is_active=True).version
made = Decision.objects.filter(policy_version=policy.version)
scored = made.filter(model_version=version, recalibrated_confidence__isnull=False, predicted_risk__isnull=False)
people = User.objects.filter(username__startswith='demo-', is_active=True)
print(RegisteredModel.objects.filter(is_active=True).count(), policy.created_by != policy.approved_by, policy.budget)
print(made.count(), scored.count(), *people.values_list('username', flat=True))
"""


def test_it_learns_and_goes_on_with_what_it_has_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without gates: so few verdicts would not always pass them."""
    monkeypatch.setenv("MODEL_GATES", "{}")
    prepare(tmp_path)
    ended = manage(tmp_path, "demo", "--learn", "--tasks", "400", timeout=600)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    for figures in ("review_risk", "lowest confidence", "at random"):
        assert re.search(rf"│ {figures} +│( \d+ % \(\d+ to \d+\) +│){{3}}", ended.stdout)
    span = r"\(0\.\d+ to 0\.\d+\)"  # below each figure
    for agent in ("demo-eager", "demo-slow", "demo-steady"):
        figures = rf"│ {agent} +│ \d+ +│( 0\.\d+ +│){{2}} (-?\d+ %|-) +│"
        assert re.search(rf"{figures}\n│ +│ +│( {span} +│){{2}}", ended.stdout), ended.stdout
    assert re.search(r"│ in truth +│ \d+\.\d % \(\d+ of \d+\)", ended.stdout)
    assert re.search(r"│ hours saved +│ \d+\.\d h \(", ended.stdout)
    assert "All as their events say" in ended.stdout

    (live, by_two, *budget), (made, scored, *people) = (
        line.split() for line in manage(tmp_path, "shell", "-c", LOOK).stdout.splitlines()[-2:]
    )
    assert (live, by_two, made) == ("2", "True", "400")
    assert int(scored) > 390  # the first ones may come before all is read
    assert budget[0] in {"error", "share"}
    assert people == ["demo-admin"]  # there has to be one; its password is known to nobody


def test_more_than_there_are_images_for_is_refused(tmp_path: Path) -> None:
    prepare(tmp_path)
    ended = manage(tmp_path, "demo", "--learn", "--tasks", "5000")

    assert ended.returncode == 1
    assert "there are 1,404 different tasks for a phase at most" in ended.stderr
