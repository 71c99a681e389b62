"""Who sees the same: people with other roles, but the same rights in what is pushed to pages, are one audience."""

from __future__ import annotations

from agentic.models import User
from agentic.roles import may
from oversight.counters import COUNTED
from oversight.frames import RULES, Channel

ESCALATIONS = RULES[Channel.ESCALATIONS]
MATTER = frozenset({ESCALATIONS, *(counted.rule for counted in COUNTED)})
# The rules that let it in.
Audience = frozenset[str]


def audience_of(user: User) -> Audience:
    return frozenset(rule for rule in MATTER if may(user, rule))
