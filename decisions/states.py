"""The states of a task, the moves between them, and what each state is."""

from __future__ import annotations

from django.db import models


class State(models.TextChoices):
    QUEUED = "queued", "Waits for an agent, or for its due time first."
    ASSIGNED = "assigned", "An agent holds it and has not confirmed yet."
    ACKED = "acked", "The agent confirmed that it has it."
    IN_PROGRESS = "in_progress", "The agent works on it."
    COMPLETED = "completed", "There is a result, which waits for a person."
    FAILED = "failed", "The attempt failed; a retry or a person follows."
    ESCALATED = "escalated", "A person must decide what becomes of it."
    VERIFIED = "verified", "The result stands."
    CANCELLED = "cancelled", "Called off."


S = State
ANY_TIME = frozenset({S.ESCALATED, S.CANCELLED})

# What a call may do. "Verified by override" is apart: only the override may, and from every open state.
LEGAL: dict[str, frozenset[str]] = {
    S.QUEUED: ANY_TIME | {S.ASSIGNED},
    S.ASSIGNED: ANY_TIME | {S.ACKED, S.QUEUED},
    S.ACKED: ANY_TIME | {S.IN_PROGRESS, S.QUEUED, S.FAILED},
    S.IN_PROGRESS: ANY_TIME | {S.COMPLETED, S.FAILED, S.QUEUED},
    S.COMPLETED: frozenset({S.VERIFIED, S.QUEUED, S.ESCALATED}),
    S.FAILED: ANY_TIME | {S.QUEUED},
    S.ESCALATED: frozenset({S.QUEUED, S.ASSIGNED, S.CANCELLED}),
    S.VERIFIED: frozenset(),
    S.CANCELLED: frozenset(),
}
TERMINAL = frozenset({S.VERIFIED, S.CANCELLED})
OPEN = frozenset(LEGAL) - TERMINAL
# An agent holds a lease in these, and an attempt is open in these only.
HELD = frozenset({S.ASSIGNED, S.ACKED, S.IN_PROGRESS})
OVERRIDABLE: dict[str, frozenset[str]] = {
    state: frozenset({S.VERIFIED}) if state in OPEN else frozenset() for state in LEGAL
}
# Two hops that one write may take; each hop is legal by itself and has its own event.
SHORTCUTS = frozenset({(S.ASSIGNED, S.IN_PROGRESS)})
WRITABLE_PAIRS = frozenset(
    {(old, new) for table in (LEGAL, OVERRIDABLE) for old, news in table.items() for new in news}
    | SHORTCUTS
)


class DecisionStatus(models.TextChoices):
    PENDING = "pending", "Waits for a person."
    AUTO_APPROVED = "auto_approved", "The review policy let it pass."
    APPROVED = "approved", "A person approved it."
    EDITED = "edited", "A person approved it with changes."
    REJECTED = "rejected", "A person rejected it."
    RESPONDED = "responded", "A person answered with text."
    OVERRIDDEN = "overridden", "A person decided something else for the whole task."
    EXPIRED = "expired", "The task moved on before anybody decided."


D = DecisionStatus
DECISION_LEGAL: dict[str, frozenset[str]] = {
    D.PENDING: frozenset({D.APPROVED, D.EDITED, D.REJECTED, D.RESPONDED, D.OVERRIDDEN, D.EXPIRED}),
    **{status: frozenset() for status in D if status != D.PENDING},
}
# What people found wrong; and all of which they said whether it was right. Who answers with text has not said so.
CORRECTED = frozenset({D.EDITED, D.REJECTED, D.OVERRIDDEN})
JUDGED = CORRECTED | {D.APPROVED}
