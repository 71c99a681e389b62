"""What is learned from verdicts, on real data: wrong results caught for so many reviews, and calibration errors.

The answers are those of real classifiers on real data, trained anew for each seed. Simulated are the stream, the policy
that asks people, and the people, who always say the truth. What is tested on is held out: later decisions on items that
neither an agent nor a model has learned from, and no verdict on them is known to the models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy
from rich.console import Console
from rich.table import Table

from bench.paired import Difference, Mean, difference, fall, mean_of
from bench.readers import OVERCONFIDENT, DataSet, answers, data_sets
from bench.report import Row, progress
from bench.stream import EARLIER, Stream, halves, looked_at
from decisions.calibration import measure as calibration_of
from decisions.learning.calibration import worths
from decisions.learning.examples import Examples
from decisions.learning.fitting import fit
from decisions.learning.mapping import maps_of, stated_of
from decisions.learning.ranking import REVIEWED, ranked
from decisions.learning.record import as_of
from decisions.learning.scorer import Scorer

SEEDS_PER_PASS, SEEDS = 4, 20
# Nothing was chosen on these: what the models were tried on while they were made came before.
FIRST_SEED = 100
ORDERS = ("review_risk", "lowest confidence", "lowest recalibrated confidence", "at random")
MODEL, DOUBT, WORTH, RANDOM = ORDERS
COMPARED_AT = 0.2
TWO_THIRDS = 100 * 2 / 3


class Seed(NamedTuple):
    """What came of one seed, on what was held out."""

    learned: int  # decisions that people saw
    tested: int
    wrong: int
    caught: Mapping[tuple[str, float], float]  # by order, and the share that is reviewed
    errors: Mapping[str, tuple[float, float]]  # of each agent, as stated and recalibrated
    verdicts: Mapping[str, int]  # on each agent


def measure(passes: int) -> list[Row]:
    many = SEEDS_PER_PASS * passes
    console = Console(stderr=True, width=120)
    return [row for data in data_sets() for row in told(data, seeds(data, many), console)]


def told(data: DataSet, found: Sequence[Seed], console: Console) -> list[Row]:
    for table in tables(data, found):
        console.print(table)
    console.print(in_words(data, found))
    return rows(data, found)


def seeds(data: DataSet, many: int) -> list[Seed]:
    found = []
    for number in range(many):
        found.append(one_seed(data, FIRST_SEED + number))
        progress(f"{data.name}: seed {number + 1} of {many}")
    return found


def one_seed(data: DataSet, number: int) -> Seed:
    random = numpy.random.default_rng(number)
    earlier, later = halves(answers(data, random), list(data.parts), random)
    seen = looked_at(earlier, random)
    stated = stated_of(seen)
    worth = worths(maps_of(stated), stated._replace(
        agents=later.rows.agents, task_types=later.rows.task_types, confidence=later.rows.confidence,
    ))  # fmt: skip
    risks = {
        MODEL: risk_of(later, seen, number),
        DOUBT: 1 - later.rows.confidence,
        WORTH: 1 - worth,
        RANDOM: random.random(len(worth)),
    }
    return Seed(
        seen.n,
        len(later.wrong),
        int(later.wrong.sum()),
        {(name, at): caught(risk, later.wrong, at) for name, risk in risks.items() for at in REVIEWED},
        {name: errors_of(later, worth, name) for name in data.parts},
        {name: int((seen.rows.agents == name).sum()) for name in data.parts},
    )  # fmt: skip


def risk_of(later: Stream, seen: Examples, seed: int) -> Any:
    """By what was known when the last of the examples was judged."""
    scorer = Scorer(fit(seen, seed=seed).weights)
    return scorer.score_many(later.rows, as_of(later.rows, seen.history))


def caught(risk: Any, wrong: Any, reviewed: float) -> float:
    return ranked(risk, wrong).caught(numpy.ones(len(wrong)), reviewed)


def errors_of(later: Stream, worth: Any, agent: str) -> tuple[float, float]:
    own = later.rows.agents == agent
    return tuple(error(one[own], ~later.wrong[own]) for one in (later.rows.confidence, worth))  # type: ignore[return-value]


def error(confidence: Any, right: Any) -> float:
    found = calibration_of(confidence, right)
    return found.debiased.value if found else float("nan")


def rows(data: DataSet, found: Sequence[Seed]) -> list[Row]:
    at = COMPARED_AT
    apart = [100 * (seed.caught[MODEL, at] - seed.caught[DOUBT, at]) for seed in found]
    falls = fall(*zip(*(seed.errors[OVERCONFIDENT] for seed in found), strict=True))
    return [
        Row(f"{data.name}: wrong caught at 20 %, review_risk - lowest confidence", apart, 0.0,
            verdict(compared(found, at)), unit=" points"),
        Row(f"{data.name}: calibration error of {OVERCONFIDENT}, fall of its mean", [100 * falls.value], TWO_THIRDS,
            f"{of_mean(falls)}", unit=" %"),
    ]  # fmt: skip


def compared(found: Sequence[Seed], at: float, other: str = DOUBT) -> Difference:
    """The risk model against another order."""
    better, worse = ([seed.caught[order, at] for seed in found] for order in (MODEL, other))
    return difference(better, worse, (1 - EARLIER) / EARLIER)


def tables(data: DataSet, found: Sequence[Seed]) -> list[Table]:
    return [caught_table(data, found), error_table(data, found)]


def caught_table(data: DataSet, found: Sequence[Seed]) -> Table:
    title = (
        f"{data.name}: share of wrong results caught, mean over {len(found)} seeds (95 % interval)"
    )
    table = Table("looked at first", *(f"{at:.0%} reviewed" for at in REVIEWED), title=title)
    for order in ORDERS:
        means = [mean_of([seed.caught[order, at] for seed in found]) for at in REVIEWED]
        table.add_row(order, *map(of_mean, means))
    for other in (DOUBT, WORTH):
        differences = [compared(found, at, other).mean for at in REVIEWED]
        table.add_row(f"{MODEL} - {other}", *(of_mean(one, "points") for one in differences))
    return table


def error_table(data: DataSet, found: Sequence[Seed]) -> Table:
    title = f"{data.name}: calibration error, mean over {len(found)} seeds (95 % interval)"
    table = Table("agent", "verdicts", "as stated", "recalibrated", "falls by", title=title)
    for agent in data.parts:
        before, after = zip(*(seed.errors[agent] for seed in found), strict=True)
        verdicts = mean_of([seed.verdicts[agent] for seed in found]).value
        cells = [of_error(mean_of(errors)) for errors in (before, after)]
        table.add_row(agent, f"{verdicts:.0f}", *cells, of_mean(fall(before, after)))
    return table


def of_error(mean: Mean) -> str:
    return f"{mean.value:.3f} ({max(0, mean.low):.3f} to {mean.high:.3f})"


def of_mean(mean: Mean, unit: str = "%") -> str:
    value, low, high = (round(100 * number) for number in mean[:3])
    return f"{value} {unit} ({low} to {high})"


def in_words(data: DataSet, found: Sequence[Seed]) -> str:
    learned, tested, wrong = (
        mean_of([getattr(seed, name) for seed in found]).value
        for name in ("learned", "tested", "wrong")
    )
    apart = compared(found, COMPARED_AT)
    return (
        f"Of each seed {learned:.0f} decisions were seen: the calibration learned from all of them, {MODEL} from the "
        f"first four fifths. {tested:.0f} others were tested on, {wrong:.0f} of them wrong.\n"
        f"At 20 %, paired over seeds: {of_mean(apart.mean, 'points')}, {verdict(apart)}.\n"
    )


def verdict(apart: Difference) -> str:
    significant = "significantly more" if apart.is_significant else "NOT significantly more"
    text = f"{significant} than by lowest confidence (t p = {apart.p:.2g}, Wilcoxon p = {apart.p_ranks:.2g})"
    if not apart.is_significant:
        return text
    careful = "still so" if apart.is_careful else "no longer so"
    return f"{text}; {careful} when allowing for seeds that share data (p = {apart.careful:.2g})"
