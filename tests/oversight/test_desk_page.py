"""The review desk as it is shown: what waits in which order, one of it open, and all that was sent as text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agentic.clock import Now
from agentic.models import User
from decisions.models import Decision, Escalation, Task
from decisions.models.task import Priority
from decisions.services.reservations import reserve_decision
from decisions.states import State
from oversight.selectors.review_queue import SHOWN, Filters, queue_for
from tests.decisions.floor import Floor, pending
from tests.oversight.test_desk_reservations import acting

Browse = Callable[[User], Client]
# With what signs in, the frame and the comments.
MOST_QUERIES = {"page": 19, "queue": 8, "next": 14}
HTMX = {"HX-Request": "true"}
HOSTILE = "<img src=x onerror=alert(1)>\"'&\u202e{{ 7 }}"


def bring(floor: Floor, title: str = "read a digit", **said: Any) -> Decision:
    """A result that waits for a person."""
    result = {"result": {"label": 7}, "confidence": 0.5} | said.pop("result_with", {})
    task_id, token = floor.working(title=title, **said)
    floor.complete(task_id, token, **result)
    return pending(task_id)


@pytest.fixture
def desk(browse: Browse, reviewer: User) -> Client:
    return browse(reviewer)


def text(answer: Any) -> str:
    assert answer.status_code == 200, answer.content
    return str(answer.content.decode())


def due_in(decision: Decision, **left: float) -> None:
    Decision.objects.filter(pk=decision.pk).update(due_at=Now() + timedelta(**left))


def titles(person: User, **filters: str) -> list[str]:
    return [row.title for row in queue_for(person.pk, Filters(**filters)).rows]


def test_an_empty_desk_says_what_comes_next(desk: Client) -> None:
    shown = text(desk.get("/reviews"))
    assert "Nothing waits for a person." in shown
    assert "opens here by itself" in shown


def test_it_opens_what_matters_most(floor: Floor, desk: Client) -> None:
    bring(floor, "sure", result_with={"confidence": 0.9})
    doubtful = bring(floor, "doubtful", result_with={"confidence": 0.2, "rationale": "a guess"})
    shown = text(desk.get("/reviews"))
    assert f'data-open="{doubtful.pk}"' in shown
    assert "a guess" in shown


def test_what_was_escalated_comes_first_then_what_is_due_then_risk(
    floor: Floor, reviewer: User
) -> None:
    calm = bring(floor, "calm", result_with={"confidence": 0.9})
    bring(floor, "urgent by name", priority="high", result_with={"confidence": 0.9})
    bring(floor, "doubtful", result_with={"confidence": 0.1})
    due_in(bring(floor, "late", result_with={"confidence": 0.9}), minutes=-1)
    due_in(bring(floor, "soon", result_with={"confidence": 0.9}), minutes=10)
    escalated = bring(floor, "was escalated", result_with={"confidence": 0.9})
    Escalation.objects.create(task_id=escalated.task_id, reason="once", resolved_at=Now())
    Decision.objects.filter(pk=calm.pk).update(predicted_risk=0.0)
    assert titles(reviewer) == [
        "was escalated", "late", "soon", "doubtful", "urgent by name", "calm"
    ]  # fmt: skip


def test_the_risk_that_was_predicted_counts_more_than_the_stated_confidence(
    floor: Floor, reviewer: User
) -> None:
    bring(floor, "says it doubts", result_with={"confidence": 0.4})
    sure = bring(floor, "says it is sure", result_with={"confidence": 1.0})
    Decision.objects.filter(pk=sure.pk).update(predicted_risk=0.95)
    assert titles(reviewer) == ["says it is sure", "says it doubts"]


def test_escalated_tasks_stand_above_all(floor: Floor, desk: Client) -> None:
    task_id, _ = floor.bring_to(State.ESCALATED, title="too hard for agents")
    shown = text(desk.get("/reviews"))
    assert "too hard for agents" in shown
    assert f"/tasks/{task_id}" in shown


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"task_type": "refund"}, ["refund"]),
        ({"task_type": "nothing"}, []),
        ({"agent": "reader"}, ["digit", "refund"]),
        ({"agent": "nobody"}, []),
        ({"priority": "high"}, ["refund"]),
        ({"who": "mine"}, []),
    ],
    ids=str,
)
def test_it_is_filtered_by_the_address(
    floor: Floor, reviewer: User, filters: dict[str, str], found: list[str]
) -> None:
    bring(floor, "digit")
    bring(floor, "refund", task_type="refund", priority="high")
    assert sorted(titles(reviewer, **filters)) == found


def test_mine_and_what_nobody_else_looks_at(floor: Floor, reviewer: User, admin: User) -> None:
    for title, person in (("hers", reviewer), ("his", admin)):
        reserve_decision(bring(floor, title).pk, actor=acting(person))
    bring(floor, "free")
    assert titles(reviewer, who="mine") == ["hers"]
    assert sorted(titles(reviewer, who="free")) == ["free", "hers"]


@pytest.mark.parametrize(
    "query", ["priority=urgent", "who=them", "task_type=%00", "agent=" + "x" * 200]
)
def test_a_filter_that_no_list_has_is_refused_by_name(desk: Client, query: str) -> None:
    answer = desk.get(f"/reviews?{query}")
    assert answer.status_code == 400
    assert (
        query.split("=", maxsplit=1)[0] in answer.content.decode()
        or "filter" in answer.content.decode()
    )


def test_filters_stay_in_every_address_of_the_page(floor: Floor, desk: Client) -> None:
    decision = bring(floor)
    shown = text(desk.get("/reviews?task_type=default"))
    assert f'hx-get="/reviews/{decision.pk}?task_type=default"' in shown
    assert f'hx-post="/reviews/{decision.pk}/decide?task_type=default"' in shown


def test_what_others_look_at_is_named_and_not_opened_by_itself(
    floor: Floor, desk: Client, admin: User
) -> None:
    taken = bring(floor, "taken", result_with={"confidence": 0.1})
    free = bring(floor, "free", result_with={"confidence": 0.9})
    reserve_decision(taken.pk, actor=acting(admin))
    shown = text(desk.get("/reviews"))
    assert f'data-open="{free.pk}"' in shown
    assert "<bdi>ada</bdi> looks at it" in shown


def test_when_others_look_at_all_that_waits_it_says_so(
    floor: Floor, desk: Client, admin: User
) -> None:
    reserve_decision(bring(floor).pk, actor=acting(admin))
    assert "Others look at all that waits." in text(desk.get("/reviews"))


def test_what_one_looks_at_already_is_opened_again(
    floor: Floor, desk: Client, reviewer: User
) -> None:
    bring(floor, "doubtful", result_with={"confidence": 0.1})
    mine = bring(floor, "mine", result_with={"confidence": 0.9})
    reserve_decision(mine.pk, actor=acting(reviewer))
    assert f'data-open="{mine.pk}"' in text(desk.get("/reviews"))


def test_to_look_reserves_nothing_and_what_asks_for_it_does(
    floor: Floor, desk: Client, reviewer: User
) -> None:
    decision = bring(floor)
    shown = text(desk.get(f"/reviews/{decision.pk}"))
    assert f'hx-post="/reviews/{decision.pk}/reserve"' in shown
    assert Decision.objects.get().reserved_by is None
    told = text(desk.post(f"/reviews/{decision.pk}/reserve", headers=HTMX))
    assert "The others see that you look at this." in told
    assert Decision.objects.get().reserved_by == reviewer


def test_a_page_that_is_loaded_anew_asks_for_what_the_old_one_puts_back(
    floor: Floor, desk: Client, reviewer: User
) -> None:
    address = f"/reviews/{bring(floor).pk}"
    desk.post(f"{address}/reserve", headers=HTMX)
    assert 'hx-trigger="load delay:300ms, renew"' in text(desk.get(address))
    assert 'hx-trigger="renew"' in text(desk.get(address, headers=HTMX))


def test_who_comes_second_is_told_who_looks_and_may_decide(
    floor: Floor, desk: Client, admin: User
) -> None:
    decision = bring(floor)
    reserve_decision(decision.pk, actor=acting(admin))
    told = text(desk.post(f"/reviews/{decision.pk}/reserve", headers=HTMX))
    assert "looks at this at the moment. You may decide all the same" in told
    assert Decision.objects.get().reserved_by == admin


def test_what_is_put_back_is_free_and_nothing_lies_open(
    floor: Floor, desk: Client, reviewer: User
) -> None:
    decision = bring(floor)
    reserve_decision(decision.pk, actor=acting(reviewer))
    shown = text(desk.post(f"/reviews/{decision.pk}/release", headers=HTMX))
    assert "Nothing lies open." in shown
    assert Decision.objects.get().reserved_by is None


def test_a_picture_and_what_it_rests_on_are_shown(floor: Floor, desk: Client) -> None:
    image = [[0, 16], [8, 0]]
    decision = bring(
        floor,
        payload={"image": image},
        result_with={"rationale": "two strokes", "evidence": {"seen": "before"}},
    )
    shown = text(desk.get(f"/reviews/{decision.pk}"))
    assert shown.count('viewBox="0 0 2 2"') == 2
    for said in ("two strokes", "before", "50 %", "Why a person", "version 2"):
        assert said in shown


def test_earlier_rejections_are_told_with_their_reasons(floor: Floor, desk: Client) -> None:
    first = bring(floor)
    floor.review(first.pk, "reject", reason_code="incomplete", reason="the year is missing")
    token = floor.take(first.task_id)
    floor.ack(first.task_id, token, start=True)
    floor.complete(first.task_id, token, result={"label": 8})
    shown = text(desk.get(f"/reviews/{pending(first.task_id).pk}"))
    assert "the year is missing" in shown
    assert "Something is missing." in shown
    assert "1 of 3 retries used up" in shown


def test_the_agents_record_has_its_n_and_its_interval(floor: Floor, desk: Client) -> None:
    for verdict, more in (("approve", {}), ("approve", {}), ("reject", {"reason_code": "wrong"})):
        floor.review(bring(floor).pk, verdict, **more)
    floor.review(bring(floor, task_type="refund").pk, "approve")
    shown = text(desk.get(f"/reviews/{bring(floor).pk}"))
    assert "33 % (6 to 79 %, n = 3)" in shown


def test_the_predicted_risk_stands_there_with_its_reasons_and_the_version(
    floor: Floor, desk: Client
) -> None:
    decision = bring(floor)
    reasons = [
        {"feature": "confidence", "says": "stated confidence 0.62", "weight": 0.8},
        {"feature": "attempt", "says": "the first attempt", "weight": -0.1},
    ]
    Decision.objects.filter(pk=decision.pk).update(
        predicted_risk=0.41, model_version="7", risk_reasons=reasons, recalibrated_confidence=0.55
    )
    shown = " ".join(text(desk.get(f"/reviews/{decision.pk}")).split())
    for said in ("41 %", "by version <bdi>7</bdi>", "worth 55 % by past verdicts", "risk 41 %"):
        assert said in shown
    assert shown.index("raises it</span> stated confidence 0.62") < shown.index(
        "lowers it</span> the first attempt"
    )
    for page in (f"/tasks/{decision.task_id}", f"/tasks/{decision.task_id}/receipt"):
        assert "raises it</span> stated confidence 0.62" in " ".join(text(desk.get(page)).split())


def test_hostile_text_in_every_field_stays_text(floor: Floor, desk: Client) -> None:
    said = {"rationale": HOSTILE, "evidence": {HOSTILE: HOSTILE}, "result": {HOSTILE: HOSTILE}}
    decision = bring(
        floor,
        HOSTILE,
        description=HOSTILE,
        task_type="x<script>",
        payload={"image": HOSTILE, HOSTILE: [HOSTILE]},
        result_with=said,
    )
    floor.review(bring(floor, HOSTILE).pk, "approve")
    Decision.objects.filter(pk=decision.pk).update(
        reason=HOSTILE,
        model_version=HOSTILE[:50],
        predicted_risk=0.5,
        risk_reasons=[{"feature": "task_type", "says": HOSTILE, "weight": 1.0}],
    )
    shown = text(desk.get(f"/reviews/{decision.pk}"))
    assert "<img src=x" not in shown
    assert "<script>x" not in shown
    assert "x&lt;script&gt;" in shown
    assert shown.count("&lt;img src=x onerror=alert(1)&gt;") >= 9


def test_of_what_is_not_there_a_page_says_so(desk: Client) -> None:
    assert desk.get("/reviews/01890000-0000-7000-8000-000000000000").status_code == 404


def test_the_queue_is_bounded_and_says_that_there_is_more(
    floor: Floor, desk: Client, reviewer: User
) -> None:
    copies(bring(floor), SHOWN + 5)
    shown = text(desk.get("/reviews/queue", headers=HTMX))
    assert shown.count('name="selected"') == SHOWN
    assert f"{SHOWN + 6} wait." in shown.replace("\n", " ")


def copies(decision: Decision, number: int) -> None:
    """As many more of it, each with a task of its own."""
    task = decision.task
    tasks = [clone(task) for _ in range(number)]
    Task.objects.bulk_create(tasks)
    rows = [clone(decision, task_id=one.pk) for one in tasks]
    Decision.objects.bulk_create(rows)


def clone(row: Any, **values: Any) -> Any:
    """A row like this one, that is not there yet."""
    fields = (field for field in row._meta.concrete_fields if not field.primary_key)
    kept = {field.attname: getattr(row, field.attname) for field in fields}
    return type(row)(**kept | values)


@pytest.mark.parametrize("part", MOST_QUERIES)
def test_a_full_queue_takes_no_more_queries_than_one(floor: Floor, desk: Client, part: str) -> None:
    decision = bring(floor)
    path = {"page": "", "queue": "/queue", "next": f"/{decision.pk}"}[part]
    headers = {} if part == "page" else HTMX
    look = partial(desk.get, f"/reviews{path}", headers=headers)
    text(look())
    few = queries(look)
    copies(decision, 30)
    assert queries(look) == few
    assert few <= MOST_QUERIES[part]


def queries(look: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        text(look())
    return len(captured)


def test_priorities_are_as_the_platform_has_them(desk: Client) -> None:
    shown = text(desk.get("/reviews"))
    assert all(f"<option >{name}</option>" in shown for name in Priority.labels)


def test_a_reservation_that_is_over_holds_nobody(floor: Floor, desk: Client, admin: User) -> None:
    decision = bring(floor)
    reserve_decision(decision.pk, actor=acting(admin))
    Decision.objects.update(reserved_until=F("reserved_until") - timedelta(minutes=6))
    shown = text(desk.get("/reviews"))
    assert f'data-open="{decision.pk}"' in shown
    assert "looks at it" not in shown
