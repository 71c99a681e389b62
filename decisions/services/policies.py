"""The review policy: a version is published once, never edited, and one of them is active."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from agentic import audits
from agentic.actors import Actor
from agentic.changes import EventRow
from agentic.errors import Conflict, Invalid, NotAllowed, NotFound
from agentic.ids import new_id
from agentic.models import Event
from agentic.transitions import record
from agentic.vocabulary import AuditAction, EntityType, EventType
from decisions.estimates import LEAST_SAMPLE
from decisions.models import ReviewPolicy
from decisions.models.policy import Budget
from decisions.models.task import Priority
from decisions.policy import active

THRESHOLDS = ("threshold", "task_types", "priorities", "sample_share", "review_seconds")
BUDGET = ("budget", "budget_value", "risk_threshold")
RULES = (*THRESHOLDS, *BUDGET, "note")
SECOND_PERSON = "A second person publishes a policy: make a draft of it."
TASK_TYPE = re.compile(r"[^\s,\0\ud800-\udfff]{1,100}")
ODD = re.compile(r"[\0\ud800-\udfff]")
MOST_TASK_TYPES = 200
LONGEST_NOTE = 300
LONGEST_REVIEW = 90 * 24 * 3600  # seconds


def publish_policy(
    *,
    actor: Actor,
    threshold: float | None,
    task_types: dict[str, float | None],
    priorities: dict[str, float | None],
    sample_share: float,
    review_seconds: int,
    note: str = "",
) -> ReviewPolicy:
    """A new version without a budget, which takes effect at once. A threshold of None always asks a person.

    Only where one person alone may publish, else NotAllowed. Invalid names the fields; of two that publish in the same
    moment the second follows the first, or gets Conflict.
    """
    if settings.POLICY_TWO_PEOPLE:
        raise NotAllowed(SECOND_PERSON)
    rules = {
        "threshold": threshold,
        "task_types": task_types,
        "priorities": priorities,
        "sample_share": sample_share,
        "review_seconds": review_seconds,
        "note": note,
    }
    check(rules)
    with in_turn():
        policy = add_version(rules, created_by_id=actor.user_id)
        return take_effect(policy, actor, AuditAction.POLICY_PUBLISHED)


@contextmanager
def in_turn() -> Iterator[None]:
    """A transaction in which nobody else changes the policy."""
    try:
        with transaction.atomic():
            wait_for_turn()
            yield
    except IntegrityError as error:
        # Only where there was no version yet to meet at.
        text = "Somebody else published a version in the same moment."
        raise Conflict("published", (), text) from error


def add_version(rules: Mapping[str, Any], **by: Any) -> ReviewPolicy:
    newest = ReviewPolicy.objects.order_by("-version").first()
    return ReviewPolicy.objects.create(version=newest.version + 1 if newest else 1, **rules, **by)


def activate_policy(*, actor: Actor, version: int) -> ReviewPolicy:
    """Back to an older version, or forth again. To activate the active one changes nothing."""
    with transaction.atomic():
        wait_for_turn()
        policy = ReviewPolicy.objects.filter(version=version).first()
        if policy is None:
            raise NotFound("There is no such version of the policy.")
        if policy.is_active:
            return policy
        return take_effect(policy, actor, AuditAction.POLICY_ACTIVATED)


def wait_for_turn() -> None:
    """All who change the policy meet at the oldest version, which is always the same row."""
    ReviewPolicy.objects.order_by("version").select_for_update(no_key=True).first()


def take_effect(
    policy: ReviewPolicy, actor: Actor, action: AuditAction, **details: Any
) -> ReviewPolicy:
    before = ReviewPolicy.objects.filter(is_active=True).first()
    ReviewPolicy.objects.filter(is_active=True).update(is_active=False)
    policy.is_active = True
    policy.save(update_fields=["is_active"])
    event = activated(policy, before)
    record(event, actor=actor)
    transaction.on_commit(active.forget)
    audits.record(
        action,
        actor=actor,
        entity_type=EntityType.POLICY,
        entity_id=policy.pk,
        **event.data,
        **details,
    )
    return policy


def activated(policy: ReviewPolicy, before: ReviewPolicy | None) -> EventRow:
    """What it is, and what it replaces."""
    data = {"before": rules_of(before) if before else None, "after": rules_of(policy)}
    return next_event(policy.pk, EventType.POLICY_ACTIVATED, data)


def next_event(pk: UUID, said: EventType, data: dict[str, Any]) -> EventRow:
    """Of the own story of a version or a draft, under a lock that keeps others from telling on."""
    told = Event.objects.filter(entity_type=EntityType.POLICY, entity_id=pk).count()
    return EventRow(pk, new_id(), EntityType.POLICY, pk, told + 1, said, data)


def rules_of(policy: ReviewPolicy) -> dict[str, Any]:
    told = ("version", *RULES, "risk_model_version")
    return {name: getattr(policy, name) for name in told}


def check(rules: Mapping[str, Any]) -> None:
    """Invalid, naming each field that is wrong; those that are not there are not looked at."""
    errors = dict(
        error for name, looks in CHECKS.items() if name in rules for error in looks(rules[name])
    )
    unsampled = tells_little(rules.get("sample_share"))
    if "note" in rules and unsampled and not str(rules["note"]).strip():
        errors["sample_share"] = (
            f"without a sample of at least {100 * LEAST_SAMPLE:g} % nobody ever sees whether what passes is right: say "
            "in the note why"
        )
    if not errors and "budget" in rules:
        errors = dict(check_budget_as_a_whole(rules))
    if errors:
        raise Invalid(**errors)


Errors = Iterator[tuple[str, str]]


def check_threshold(value: Any, name: str = "threshold") -> Errors:
    if value is not None and not is_share(value):
        yield name, "a number from 0 to 1, or null for always a person"


def check_task_types(value: Any) -> Errors:
    if not isinstance(value, dict) or len(value) > MOST_TASK_TYPES:
        yield "task_types", f"an object: thresholds by task type, {MOST_TASK_TYPES} at most"
        return
    for task_type, threshold in value.items():
        if not isinstance(task_type, str) or not TASK_TYPE.fullmatch(task_type):
            yield "task_types", "a task type is 1 to 100 characters without blanks and commas"
        else:
            yield from check_threshold(threshold, f"task_types.{task_type}")


def check_priorities(value: Any) -> Errors:
    if not isinstance(value, dict):
        yield "priorities", "an object: thresholds by priority"
        return
    for priority, threshold in value.items():
        if priority not in Priority.labels:
            yield "priorities", f"the priorities are {', '.join(Priority.labels)}"
        else:
            yield from check_threshold(threshold, f"priorities.{priority}")


def check_sample_share(value: Any) -> Errors:
    if not is_share(value):
        yield "sample_share", "a number from 0 to 1"


def tells_little(sample_share: Any) -> bool:
    return is_share(sample_share) and sample_share < LEAST_SAMPLE


def check_review_seconds(value: Any) -> Errors:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LONGEST_REVIEW:
        yield "review_seconds", f"a whole number of seconds from 1 to {LONGEST_REVIEW}"


def check_note(value: Any) -> Errors:
    if not isinstance(value, str) or len(value) > LONGEST_NOTE or ODD.search(value):
        yield "note", f"a text of at most {LONGEST_NOTE} characters"


def check_budget(value: Any) -> Errors:
    if value not in Budget.values:
        yield "budget", "share, error, or empty for thresholds alone"


def check_budget_value(value: Any) -> Errors:
    if value is not None and not (is_share(value) and value):
        yield "budget_value", "a number above 0, up to 1"


def check_risk_threshold(value: Any) -> Errors:
    if value is not None and not is_share(value):
        yield "risk_threshold", "a number from 0 to 1, or null: it is found by simulation"


def check_budget_as_a_whole(rules: Mapping[str, Any]) -> Errors:
    """The threshold of risk may be missing: it is found later."""
    if rules["budget"] and rules["budget_value"] is None:
        yield "budget_value", "how much the budget allows"
    for name in () if rules["budget"] else ("budget_value", "risk_threshold"):
        if rules[name] is not None:
            yield name, "only with a budget"


def is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


CHECKS = {
    "threshold": check_threshold,
    "task_types": check_task_types,
    "priorities": check_priorities,
    "sample_share": check_sample_share,
    "review_seconds": check_review_seconds,
    "budget": check_budget,
    "budget_value": check_budget_value,
    "risk_threshold": check_risk_threshold,
    "note": check_note,
}
