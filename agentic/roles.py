"""Who may do what. Roles are groups; a rule that is not named here lets nobody in."""

from __future__ import annotations

from typing import Any

import rules
from django.db import models
from django.db.models import Q, QuerySet

from agentic.models import User


class Role(models.TextChoices):
    ADMIN = "admin", "Runs the platform; contains every other role."
    REVIEWER = "reviewer", "Decides on proposals and escalations."
    AGENT_MANAGER = "agent_manager", "Creates tasks and looks after agents."
    VIEWER = "viewer", "Sees what happens."


def roles_of(user: Any) -> frozenset[str]:
    """The roles of a person, from the database, once per request; nobody else has any."""
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    if not hasattr(user, "role_names"):
        user.role_names = frozenset(user.groups.values_list("name", flat=True))
    return effective(user.role_names, superuser=user.is_superuser)


def effective(names: frozenset[str], *, superuser: bool) -> frozenset[str]:
    if superuser or Role.ADMIN in names:
        return frozenset(Role.values)
    known = names & set(Role.values)
    return known | {Role.VIEWER.value} if known else known


def has_any(*wanted: Role) -> Any:
    """A predicate: the person has one of these roles."""

    def check(user: Any) -> bool:
        return not roles_of(user).isdisjoint(wanted)

    return rules.predicate(check, name=f"has_any({', '.join(wanted)})")


def may(user: Any, rule: str) -> bool:
    """Whether the rule of this name lets the caller in. An agent is nobody here."""
    return bool(rules.has_perm(rule, user))


def people_who_may(rule: str) -> QuerySet[User]:
    """Everybody whom the rule lets in, by their names."""
    letting_in = [role.value for role in Role if may(somebody_with(role), rule)]
    people = User.objects.filter(Q(is_superuser=True) | Q(groups__name__in=letting_in))
    return people.filter(is_active=True).distinct().order_by("username")


def somebody_with(role: Role) -> User:
    somebody = User()
    somebody.role_names = frozenset({role.value})
    return somebody


signed_in = rules.predicate(
    lambda user: isinstance(user, User) and user.is_active, name="signed_in"
)
viewers = has_any(Role.VIEWER)
managers = has_any(Role.AGENT_MANAGER, Role.ADMIN)
reviewers = has_any(Role.REVIEWER, Role.ADMIN)
escalators = has_any(Role.AGENT_MANAGER, Role.REVIEWER, Role.ADMIN)
admins = has_any(Role.ADMIN)

MATRIX = {
    "auth.me": signed_in,
    "tasks.create": managers,
    "tasks.view": viewers,
    "tasks.move": managers,
    "tasks.override": reviewers,
    "tasks.escalate": escalators,
    "tasks.comment": escalators,
    "tasks.export": viewers,
    "feedback.give": escalators,
    "events.view": viewers,
    "audits.view": admins,
    "escalations.view": reviewers,
    "escalations.handle": reviewers,
    "reviews.view": reviewers,
    "reviews.decide": reviewers,
    "agents.create": admins,
    "agents.view": managers,
    "agents.change": admins,
    "agents.set_status": admins,
    "agents.manage_keys": admins,
    "models.view": viewers,
    "models.register": managers,
    "models.activate": managers,
    "training.view": managers,
    "training.request": managers,
    "policies.view": escalators,
    "policies.draft": escalators,
    "policies.manage": admins,
    "stats.view": managers,
    "notifications.own": viewers,
    "notifications.manage": admins,
    "stops.view": managers,
    "stops.manage": admins,
    "users.manage": admins,
}
for name, predicate in MATRIX.items():
    rules.add_perm(name, predicate)
