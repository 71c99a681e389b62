"""People, events, audits: the tables that every other part stands on."""

from __future__ import annotations

from agentic.models.answers import KeptAnswer
from agentic.models.append_only import AppendOnly
from agentic.models.audits import GENESIS, Audit, AuditHead
from agentic.models.events import Event, Heartbeat
from agentic.models.failures import FailedSignIns
from agentic.models.people import (
    OidcIdentity,
    OidcRequest,
    RefreshToken,
    SignIn,
    SignInMethod,
    User,
)

__all__ = [
    "GENESIS",
    "AppendOnly",
    "Audit",
    "AuditHead",
    "Event",
    "FailedSignIns",
    "Heartbeat",
    "KeptAnswer",
    "OidcIdentity",
    "OidcRequest",
    "RefreshToken",
    "SignIn",
    "SignInMethod",
    "User",
]
