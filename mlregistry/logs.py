"""The log of a training job: lines that people read, and no more of them than a page can show."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from agentic.redaction import redact

LONGEST_LINE = 500
LONGEST_LOG = 50_000
CUT = "… what came before is left out"


def line(text: str, at: str = "") -> str:
    """One line, with the time; without what opens doors, and without what no database keeps."""
    said = " ".join(clean(text).split())
    if len(said) > LONGEST_LINE:
        said = f"{said[: LONGEST_LINE - 1]}…"
    return f"{at or f'{timezone.now():%H:%M:%S}'} {said}"


def clean(text: str) -> str:
    sayable = text.replace("\x00", "").encode("utf-8", "replace").decode()
    return redact(sayable)


def longer(log: str, lines: Iterable[str]) -> str:
    """The log with these lines at its end; past its bound the oldest go."""
    whole = "\n".join(filter(None, [log, *lines]))
    if len(whole) <= LONGEST_LOG:
        return whole
    newest = whole[len(CUT) + 1 - LONGEST_LOG :]
    return f"{CUT}\n{newest.partition(chr(10))[2] or newest}"
