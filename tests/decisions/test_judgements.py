"""What a person said of a whole task is no verdict on what its agent had asked on the way."""

from __future__ import annotations

import pytest

from decisions.judgements import WHAT_WAS_SAID
from decisions.models import Decision
from decisions.past import read_past
from decisions.reliability import seen_of
from decisions.unseen import newest_of_the_sample
from oversight.selectors.agents import corrected, verdicts_of
from tests.decisions.floor import Floor

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked_and_answered(floor: Floor) -> None:
    """A task that is overridden while its agent waits for an answer, and one whose result waits for its verdict."""
    task_id, token = floor.working()
    floor.propose(task_id, token)
    floor.override(task_id, label=3)
    task_id, token = floor.working()
    floor.complete(task_id, token)
    floor.override(task_id, label=3)
    assert set(Decision.objects.values_list("status", flat=True)) == {"overridden"}


@pytest.mark.usefixtures("asked_and_answered")
def test_of_the_two_only_the_result_was_judged(floor: Floor) -> None:
    said = dict(Decision.objects.values_list("decision_type", WHAT_WAS_SAID))
    assert said == {"action": "expired", "result": "overridden"}
    assert corrected(verdicts_of([floor.agent.pk])[floor.agent.pk]) == (1, 1)
    assert [one.is_judged for one in seen_of(floor.agent.pk)] == [True, False]
    assert (read_past().judged.sum(), read_past().wrong.sum()) == (1, 1)


@pytest.mark.usefixtures("asked_and_answered")
def test_nor_is_it_an_error_of_the_audit_sample() -> None:
    Decision.objects.update(route="sample", audit_probability=0.1)
    (drawn,) = newest_of_the_sample(Decision.objects.all())
    assert drawn.wrong
