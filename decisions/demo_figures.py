"""What the learning demo tells at its end: figures of decisions whose truth it knows, with n and 95 % intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy
from rich.console import Group
from rich.table import Table

from decisions.calibration import HIGH, LOW, ROUNDS, Scored, in_order, measure, scores
from decisions.estimates import Drawn, wrong_among_unseen
from decisions.learning.ranking import REVIEWED, measured
from decisions.models.decision import Route
from decisions.simulated import Figure
from decisions.simulation import hours, mean_of
from decisions.statistics import wilson
from examples.digits.phase import Decided

SEED = 5
MORE = "more, in points"
# An error of nearly nothing rises by so much that the figure says nothing.
TINY, ANY_RISE = 1e-9, -10.0
ORDERS = {
    "review_risk": "caught",
    "lowest confidence": "caught_by_confidence",
    "at random": "caught_at_random",
    MORE: "more_than_by_confidence",
}


def learned_report(
    decisions: Sequence[Decided], seconds: Sequence[float], accepted: float | None
) -> Group:
    """Of the second phase. `seconds` are what reviews took, `accepted` the error that its policy allows."""
    return Group(
        caught_table(decisions), error_table(decisions), policy_table(decisions, seconds, accepted)
    )


class Columns(NamedTuple):
    """An entry for each decision; NaN where there is none."""

    confidence: Any
    worth: Any
    risk: Any
    wrong: Any


def columns(decisions: Sequence[Decided]) -> Columns:
    def numbers(value: Callable[[Decided], float | None]) -> Any:
        return numpy.array([value(one) for one in decisions], float)

    return Columns(
        numbers(lambda one: one.confidence),
        numbers(lambda one: one.worth),
        numbers(lambda one: one.risk),
        numpy.array([one.wrong for one in decisions], bool),
    )


def caught_table(decisions: Sequence[Decided]) -> Table:
    """As they were scored when they were made."""
    scored = [one for one in decisions if one.risk is not None]
    of = columns(scored)
    found = measured(of.risk, of.confidence, of.wrong, numpy.ones(len(scored)), seed=SEED)
    title = (
        f"Share caught of {found['wrong']} wrong results ({len(scored):,} of {len(decisions):,} decisions had a "
        "risk)"
    )
    table = Table("looked at first", *(f"{at:.0%} reviewed" for at in REVIEWED), title=title)
    for order, name in ORDERS.items():
        unit = "" if order == MORE else " %"
        figures = [found[f"{name}_at_{100 * at:.0f}"] for at in REVIEWED]
        table.add_row(order, *(percent(figure, unit) for figure in figures))
    return table


def percent(figure: dict[str, float], unit: str) -> str:
    value, low, high = (round(100 * figure[name]) for name in ("value", "low", "high"))
    return f"{value}{unit} ({low} to {high})"


def error_table(decisions: Sequence[Decided]) -> Table:
    title = "Calibration error by agent, stated and recalibrated"
    table = Table("agent", "n", "as stated", "recalibrated", "falls", title=title)
    for agent in sorted({one.agent for one in decisions}):
        own = [one for one in decisions if one.agent == agent and one.worth is not None]
        if own:
            table.add_row(agent, *error_cells(own))
    return table


def error_cells(own: Sequence[Decided]) -> list[str]:
    of = columns(own)
    before, after = (errors(one, ~of.wrong) for one in (of.confidence, of.worth))
    falls = in_words(fall(of)) if before.value else "-"
    return [str(len(own)), scored(before), scored(after), falls]


def fall(of: Columns) -> Scored:
    """By which share the error falls; the interval by drawing decisions anew, the same ones for both errors."""
    n, chance = len(of.wrong), numpy.random.default_rng(SEED)
    drawn = [numpy.bincount(chance.integers(0, n, n), minlength=n) for _ in range(ROUNDS)]
    before, after = (found_errors(one, ~of.wrong, drawn) for one in (of.confidence, of.worth))
    falls = 1 - after / numpy.maximum(before, TINY)
    low, high = numpy.percentile(falls[1:], [LOW, HIGH])
    return Scored(float(falls[0]), float(low), float(high))


def found_errors(stated: Any, right: Any, drawn: Sequence[Any]) -> Any:
    """The debiased error of all, then of each draw, without what drawing itself adds to its square."""
    once, order = numpy.ones(len(right)), numpy.argsort(stated, kind="stable")
    sample = in_order(stated, right, once)
    of_all = scores(sample, once)[1]
    squares = numpy.array([scores(sample, counts[order])[1] for counts in drawn])
    return numpy.sqrt(numpy.clip([of_all, *(of_all + squares - squares.mean())], 0, 1))


def in_words(falls: Scored) -> str:
    low = "any rise" if falls.low < ANY_RISE else f"{100 * falls.low:.0f}"
    return f"{100 * falls.value:.0f} %\n({low} to {100 * falls.high:.0f})"


def errors(confidence: Any, right: Any) -> Scored:
    found = measure(confidence, right)
    return found.debiased if found else Scored(0.0, 0.0, 1.0)


def scored(score: Scored) -> str:
    return f"{score.value:.3f}\n({score.low:.3f} to {score.high:.3f})"


def share(part: int, n: int) -> str:
    if not n:
        return "-"
    low, high = (100 * bound for bound in wilson(part, n))
    return f"{100 * part / n:.1f} % ({low:.1f} to {high:.1f}, n = {n:,})"


def policy_table(
    decisions: Sequence[Decided], seconds: Sequence[float], accepted: float | None
) -> Table:
    passed = [one for one in decisions if one.route == Route.AUTO]
    drawn = [one for one in decisions if one.route == Route.SAMPLE]
    estimate = wrong_among_unseen(Drawn(one.probability, one.wrong) for one in drawn)
    seen = len(decisions) - len(passed)
    table = Table("the policy with a budget", "", title="What nobody looked at")
    table.add_row("looked at by people", share(seen, len(decisions)))
    table.add_row("passed without a look", f"{len(passed):,}")
    table.add_row(
        "accepted error among these",
        "none was said" if accepted is None else f"{100 * accepted:.1f} %",
    )
    table.add_row("estimated from the audit sample", estimated(estimate))
    table.add_row("in truth", exact(sum(one.wrong for one in passed), len(passed)))
    table.add_row("hours saved", saved(hours(len(decisions), seen, mean_of(numpy.array(seconds)))))
    return table


def estimated(estimate: Any) -> str:
    if estimate.value is None:
        return "nothing was drawn"
    low, high = 100 * estimate.low, 100 * estimate.high
    return f"{100 * estimate.value:.1f} % ({low:.1f} to {high:.1f}, n = {estimate.n:,})"


def exact(part: int, n: int) -> str:
    return f"{100 * part / n:.1f} % ({part} of {n:,})" if n else "-"


def saved(figure: Figure | None) -> str:
    if figure is None or figure.value is None:
        return "-"
    return (
        f"{figure.value:.1f} h ({figure.low:.1f} to {figure.high:.1f}, n = {figure.n:,}, simulated)"
    )
