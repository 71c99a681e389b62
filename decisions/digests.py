"""Digests by which the same thing is known again: a proposal whatever its attempt, a call that is repeated."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

canonical = msgspec.json.Encoder(order="deterministic")


def digest(*parts: Any) -> str:
    """SHA-256 of the parts as JSON with sorted keys."""
    return hashlib.sha256(canonical.encode(parts)).hexdigest()
