"""What a reviewer filled in, as the verdict that it stands for. Held to the same rules as the API's bodies."""

from __future__ import annotations

import json
import math
from typing import Any, TypeVar
from uuid import UUID

from django.http import QueryDict
from msgspec import Struct

from agentic.errors import Invalid
from agentic.parsing import decode
from decisions.models import Decision
from decisions.models.decision import Verdict
from decisions.shapes import Override, ReviewOf, Reviews
from oversight.editing import edited, unix
from oversight.selectors.review_queue import SHOWN

Shape = TypeVar("Shape", bound=Struct)
# Seconds. What stays in sight for longer is a page that was left open: it must not move the mean.
LONGEST_LOOK = 15 * 60


def verdict_said(said: QueryDict, decision: Decision) -> ReviewOf:
    """Invalid, naming the field, for what is no verdict; an edit that changes nothing is none."""
    verdict = said.get("verdict", "")
    asked: dict[str, Any] = {
        "decision_id": str(decision.pk),
        "verdict": verdict,
        "reason_code": said.get("reason_code", ""),
        "reason": text_said(said),
        "seconds_spent": seconds_said(said),
    }
    if verdict == Verdict.EDIT:
        asked["proposal"] = edited(said, decision.proposal)
        if asked["proposal"] == decision.proposal:
            raise Invalid(proposal="nothing is changed: approve it, or change something")
    return read(asked, ReviewOf)


def override_said(said: QueryDict, decision: Decision) -> Override:
    asked = {"reason": text_said(said), "new_decision": edited(said, decision.proposal)}
    return read(asked, Override)


def several_said(said: QueryDict) -> list[ReviewOf]:
    """The same verdict on all that were picked: approve, or reject with one reason. Each took its part of the time."""
    verdict = said.get("verdict", "")
    if verdict not in {Verdict.APPROVE, Verdict.REJECT}:
        raise Invalid(verdict="approve or reject")
    picked = list(dict.fromkeys(said.getlist("selected")))
    if not 0 < len(picked) <= SHOWN:
        raise Invalid(selected=f"pick 1 to {SHOWN}")
    words: dict[str, Any] = why_said(said) if verdict == Verdict.REJECT else {}
    words["seconds_spent"] = part_of(seconds_said(said), len(picked))
    rows = [{"decision_id": one, "verdict": verdict, **words} for one in picked]
    return read({"reviews": rows}, Reviews).reviews


def why_said(said: QueryDict) -> dict[str, str]:
    code = said.get("reason_code", "")
    if not code:
        raise Invalid(reason="choose why they are rejected")
    return {"reason_code": code, "reason": text_said(said)}


def read(asked: dict[str, Any], shape: type[Shape]) -> Shape:
    return decode(json.dumps(asked).encode(), shape)


def text_said(said: QueryDict) -> str:
    return unix(said.get("reason", "")).strip()


def seconds_said(said: QueryDict) -> float | None:
    """As the page measured it, up to the longest look; nothing is made up where it did not."""
    text = said.get("seconds_spent", "")
    try:
        seconds = float(text) if text else None
    except ValueError as error:
        raise Invalid(seconds_spent="a number is expected") from error
    if seconds is None or not math.isfinite(seconds):
        return None
    return min(max(seconds, 0.0), LONGEST_LOOK)


def part_of(seconds: float | None, number: int) -> float | None:
    return None if seconds is None else round(seconds / number, 3)


def id_said(said: QueryDict, name: str) -> UUID | None:
    try:
        return UUID(said.get(name, ""))
    except ValueError:
        return None
