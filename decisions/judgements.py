"""What people said of a decision itself: the status that figures of right and wrong rest on."""

from __future__ import annotations

from django.db.models import Case, F, Value, When

from decisions.plans import RESULT
from decisions.states import DecisionStatus

# Who overrides a task says what its result has to be. What was asked on the way there, nobody has judged.
WHAT_WAS_SAID = Case(
    When(status=DecisionStatus.OVERRIDDEN, decision_type=RESULT, then=F("status")),
    When(status=DecisionStatus.OVERRIDDEN, then=Value(DecisionStatus.EXPIRED)),
    default=F("status"),
)
