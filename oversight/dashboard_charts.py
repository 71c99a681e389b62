"""The three charts of the dashboard: what was done, how soon agents confirmed, and who decided."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

from decisions.statistics import Z95, Share, percentile
from oversight import charts
from oversight.charts import Chart, Key
from oversight.selectors.over_time import Course, Interval
from oversight.words import NOTHING, seconds_in_words, share_in_words, whole

ENOUGH = 20
Cells = Callable[[Interval], list[str]]


def draw(course: Course) -> list[Chart]:
    return [throughput(course), latency(course), deciders(course)]


def throughput(course: Course) -> Chart:
    created = [float(one.created * course.step) for one in course.intervals]
    verified = [float(one.verified * course.step) for one in course.intervals]
    top = charts.round_top([*created, *verified])
    in_all = [counted(course, sum(column)) for column in zip(*pairs(course), strict=True)]
    return framed(
        course,
        lambda one: [counted(course, one.created), counted(course, one.verified)],
        name="throughput",
        title="Throughput",
        about=f"{in_all[0]} created, {in_all[1]} verified.",
        keys=[Key("bar-main", "verified"), Key("line-main", "created")],
        bars=charts.stacked(["bar-main"], [verified], top),
        lines=[charts.line("line-main", created, top)],
        heights=charts.heights(top, whole),
        columns=["created", "verified"],
        empty="" if any(created + verified) else "No task was created or verified in this time.",
    )


def pairs(course: Course) -> list[tuple[int, int]]:
    return [(one.created, one.verified) for one in course.intervals]


def counted(course: Course, read: int) -> str:
    """How many there were: exactly, or about and with a 95 % interval, where each that was read stands for several."""
    if course.exact:
        return f"{read:,}"
    return f"≈ {rounded(read * course.step)} ± {rounded(Z95 * sqrt(read) * course.step)}"


def rounded(number: float) -> str:
    return f"{float(f'{number:.2g}'):,.0f}"


def latency(course: Course) -> Chart:
    medians = [percentile(one.acks, 0.5) for one in course.intervals]
    highs = [high_of(one.acks) for one in course.intervals]
    top = charts.round_top([*medians, *highs])
    acks = [seconds for one in course.intervals for seconds in one.acks]
    return framed(
        course,
        lambda one: [*ack_cells(one.acks), f"{len(one.acks):,}"],
        name="latency",
        title="From assigned to confirmed",
        about=f"Median {ack_cells(acks)[0]}, 95th percentile {ack_cells(acks)[1]}, n = {len(acks):,}.",
        keys=[Key("line-main", "median"), Key("line-other", "95th percentile")],
        lines=[charts.line("line-other", highs, top), charts.line("line-main", medians, top)],
        heights=charts.heights(top, seconds_in_words),
        columns=["median", "95th percentile", "n"],
        empty="" if acks else "No agent confirmed a task in this time.",
    )


def high_of(acks: list[float]) -> float | None:
    """The 95th percentile, where there are enough of them for it to be another than the highest."""
    return percentile(acks, 0.95) if len(acks) >= ENOUGH else None


def ack_cells(acks: list[float]) -> list[str]:
    told = (percentile(acks, 0.5), high_of(acks))
    return [NOTHING if value is None else seconds_in_words(value) for value in told]


def deciders(course: Course) -> Chart:
    people = [float(one.by_person.hits * course.step) for one in course.intervals]
    policy = [
        float((one.by_person.n - one.by_person.hits) * course.step) for one in course.intervals
    ]
    top = charts.round_top([a + b for a, b in zip(people, policy, strict=True)])
    in_all = Share(
        sum(one.by_person.hits for one in course.intervals),
        sum(one.by_person.n for one in course.intervals),
    )
    return framed(
        course,
        lambda one: decided_cells(course, one.by_person),
        name="deciders",
        title="Who decided",
        about=f"By a person: {share_in_words(in_all)}.",
        keys=[Key("bar-main", "the policy alone"), Key("bar-other", "a person")],
        bars=charts.stacked(["bar-main", "bar-other"], [policy, people], top),
        heights=charts.heights(top, whole),
        columns=["the policy alone", "a person", "share of people"],
        empty="" if in_all.n else "Nothing was decided in this time.",
    )


def decided_cells(course: Course, by_person: Share) -> list[str]:
    alone = counted(course, by_person.n - by_person.hits)
    return [alone, counted(course, by_person.hits), share_in_words(by_person)]


def framed(course: Course, cells: Cells, **drawn: Any) -> Chart:
    """With the names of the intervals, and the same once more in words and in rows."""
    names = [course.span.name_of(one.start) for one in course.intervals]
    rows = [[name, *cells(one)] for name, one in zip(names, course.intervals, strict=True)]
    columns = drawn["columns"]
    texts = [
        f"{row[0]} UTC: "
        + ", ".join(f"{name} {cell}" for name, cell in zip(columns, row[1:], strict=True))
        for row in rows
    ]
    about = {
        "bars": [],
        "lines": [],
        **drawn,
        "columns": ["from (UTC)", *columns],
        "rows": rows[::-1],
    }
    return Chart(slots=charts.slots(texts), times=charts.ends(names), **about)
