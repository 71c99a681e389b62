"""What is pushed to a page, as HTML: drawn from the same partials as the page itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.template.loader import render_to_string

from oversight.audiences import Audience
from oversight.counters import COUNTED, Counter
from oversight.frames import Told


def draw_counters(counters: Mapping[str, Counter], audience: Audience) -> str:
    # What could not be counted yet is told once it can.
    seen = [counters[one.name] for one in COUNTED if one.rule in audience and one.name in counters]
    return "".join(
        render_to_string("oversight/_counter.html", {"counter": counter, "oob": True})
        for counter in seen
    )


def draw_news(position: int, topics: str, *, alarmed: int, delayed: bool) -> str:
    about = {"position": position, "alarmed": alarmed, "topics": topics, "delayed": delayed}
    about |= {"oob": True}
    return render_to_string("oversight/_news.html", about)


def draw_rows(events: Sequence[Told]) -> str:
    """The newest first, as the list on the page has them."""
    if not events:
        return ""
    rows = [event.row for event in reversed(events)]
    return render_to_string("oversight/_feed.html", {"events": rows})


def draw_alarm(tasks: Sequence[UUID]) -> str:
    if not tasks:
        return ""
    number = len(tasks)
    text = "A task needs a person." if number == 1 else f"{number:,} tasks need a person."
    about = {"text": text, "number": number, "task_id": tasks[0]}
    return render_to_string("oversight/_alarm.html", about)
