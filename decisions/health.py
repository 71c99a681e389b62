"""Is somebody looking at the deadlines? Found by `agentic.health`."""

from __future__ import annotations

from agentic.health import Finding, add_check
from agentic.heartbeats import age
from decisions.stopping import on

LATE_SECONDS = 10


def last_sweep() -> Finding:
    """Never `needed`: while the sweep is away, deadlines wait, and work is accepted all the same."""
    seconds = age("sweep")
    if seconds is None:
        return Finding(False, "no sweep has run yet: start beat and a worker, or manage.py sweep")
    seconds = round(max(seconds, 0.0), 1)
    said = "the last sweep" if seconds <= LATE_SECONDS else "nobody looks at deadlines: last sweep"
    return Finding(seconds <= LATE_SECONDS, f"{said} {seconds} s ago", seconds)


def stops() -> Finding:
    """For information: a stop is a person's will, and this process is as fit as before."""
    number = on().count()
    return Finding(True, f"{number} on" if number else "none is on")


add_check("sweep", last_sweep)
add_check("stops", stops)
