"""What a person may do with a draft of the review policy: the buttons of its page, and the guard behind each."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from agentic.actors import Actor
from agentic.errors import Conflict, NotAllowed
from agentic.models import User
from agentic.roles import may
from decisions.models import PolicyDraft
from decisions.ready import check_open, check_ready, situation
from decisions.services.drafts import check_author, check_second_person

Check = Callable[[PolicyDraft, Actor], None]


class Action(NamedTuple):
    name: str
    label: str
    rule: str
    check: Check


def any_open(draft: PolicyDraft, actor: Actor) -> None:
    check_open(draft)


def own(draft: PolicyDraft, actor: Actor) -> None:
    check_author(draft, actor)
    check_open(draft)


def by_second_person(draft: PolicyDraft, actor: Actor) -> None:
    check_second_person(draft, actor)
    check_ready(draft, situation())


ACTIONS = {
    action.name: action
    for action in (
        Action("change", "Change", "policies.draft", own),
        Action("simulate", "Simulate", "policies.draft", any_open),
        Action("publish", "Publish", "policies.manage", by_second_person),
        Action("close", "Put aside", "policies.draft", any_open),
    )
}


def allowed_actions(user: User, draft: PolicyDraft, *, actor: Actor) -> set[str]:
    return {action.name for action in ACTIONS.values() if is_allowed(action, user, draft, actor)}


def is_allowed(action: Action, user: User, draft: PolicyDraft, actor: Actor) -> bool:
    try:
        guard(action.name, user, draft, actor=actor)
    except (NotAllowed, Conflict):
        return False
    return True


def guard(name: str, user: User, draft: PolicyDraft, *, actor: Actor) -> None:
    """NotAllowed for whom the rules do not let, Conflict where the draft's state does not."""
    action = ACTIONS[name]
    if not may(user, action.rule):
        raise NotAllowed
    if name == "close" and not may(user, "policies.manage"):
        check_author(draft, actor)
    action.check(draft, actor)
