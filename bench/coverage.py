"""How often the 95 % interval of the error among what nobody saw covers the truth, and how often the naive one does.

Simulated: policies let pass what agents are sure of, draw some of it, and the error of the rest is known to nobody but
the simulation. The naive interval is that of the share that people corrected of all they saw.

The same for what a draft of the policy would let pass, told before all that was drawn has a verdict: there the naive
one weighs what was judged by 1 / the probability with which it was to be seen, as if nothing were missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy

from bench.report import Row
from decisions.estimates import Drawn, summed, wrong_among_unseen
from decisions.statistics import wilson
from decisions.trying import verdicts_of

RUNS = 1_000
ASKED_BELOW = 0.8
# Below this the draft that is tried asks people.
DRAFT_ASKS_BELOW = 0.6


class World(NamedTuple):
    """So many decisions, the share of wrong ones, and versions of the policy: (the share drawn, times the error)."""

    n: int
    rate: float
    versions: tuple[tuple[float, float], ...]

    @property
    def name(self) -> str:
        shares = "/".join(f"{100 * share:g}" for share, _ in self.versions)
        times = "/".join(f"{times:g}" for _, times in self.versions)
        apart = f" (times {times})" if set(times) - {"1", "/"} else ""
        return f"n = {self.n:,}, {100 * self.rate:g} % wrong{apart}, {shares} % drawn"


WORLDS = tuple(
    World(n, rate, versions)
    for n, rate, versions in product(
        (2_000, 5_000, 10_000),
        (0.01, 0.05, 0.2),
        (
            ((0.05, 1.0),),
            ((0.2, 1.0),),
            ((0.05, 1.0), (0.2, 1.0)),
            ((0.05, 1.5), (0.2, 0.5)),
            ((0.05, 0.5), (0.1, 1.0), (0.2, 1.5)),
        ),
    )
)


class Version(NamedTuple):
    """The share that it draws, times the error, and how much of what it drew has a verdict."""

    drawn: float
    times: float
    judged: float


class Gap(NamedTuple):
    """So many decisions, the share of wrong ones, how much of what people were asked about has a verdict, versions."""

    n: int
    rate: float
    asked: float
    versions: tuple[Version, ...]

    @property
    def name(self) -> str:
        drawn = "/".join(f"{100 * one.drawn:g}" for one in self.versions)
        judged = "/".join(f"{100 * one.judged:g}" for one in self.versions)
        times = "/".join(f"{one.times:g}" for one in self.versions)
        apart = f" (times {times})" if len(self.versions) > 1 else ""
        return (
            f"a draft, n = {self.n:,}, {100 * self.rate:g} % wrong{apart}, {drawn} % drawn, {judged} % of these judged "
            f"and {100 * self.asked:g} % of the others"
        )


GAPS = tuple(
    Gap(n, rate, asked, versions)
    for n, rate, (asked, versions) in product(
        (2_000, 10_000),
        (0.01, 0.05, 0.2),
        (
            (1.0, (Version(0.05, 1.0, 0.0),)),
            (1.0, (Version(0.05, 1.0, 0.1),)),
            (0.3, (Version(0.1, 1.0, 0.5),)),
            (1.0, (Version(0.2, 0.5, 1.0), Version(0.05, 1.5, 0.1))),
            (0.9, (Version(0.05, 1.0, 1.0), Version(0.1, 2.0, 0.0))),
        ),
    )
)


class Covered(NamedTuple):
    ours: bool
    naive: bool


def run(world: World, chance: numpy.random.Generator) -> Covered:
    """One life of the platform: who was drawn, what was said, and what is true of the rest."""
    confidence = chance.beta(6, 1.2, world.n)
    share, times = numpy.array(world.versions)[chance.integers(0, len(world.versions), world.n)].T
    risk = numpy.minimum(world.rate * times * (0.3 + 7.8 * (1 - confidence)), 0.95)
    wrong = chance.random(world.n) < risk
    passing = confidence >= ASKED_BELOW
    drawn = passing & (chance.random(world.n) < share)
    truth = float(wrong[passing & ~drawn].mean())
    told = wrong_among_unseen(map(Drawn, share[drawn].tolist(), wrong[drawn].tolist()))
    seen: Any = wrong[~passing | drawn]
    low, high = wilson(float(seen.sum()), len(seen))
    return Covered(told.low <= truth <= told.high, low <= truth <= high)


def tried(gap: Gap, chance: numpy.random.Generator) -> Covered:
    """The error of what the draft would let pass, also of what is still to come, by what was judged until now."""
    confidence = chance.beta(6, 1.2, gap.n)
    version = chance.integers(0, len(gap.versions), gap.n)
    share, times, verdicts = numpy.array(gap.versions)[version].T
    risk = numpy.minimum(gap.rate * times * (0.3 + 7.8 * (1 - confidence)), 0.95)
    asked = confidence < ASKED_BELOW
    probability = numpy.where(asked, 1.0, share)
    went = chance.random(gap.n) < probability
    judged = went & (chance.random(gap.n) < numpy.where(asked, gap.asked, verdicts))
    wrong = judged & (chance.random(gap.n) < risk)
    passing = confidence >= DRAFT_ASKS_BELOW
    told = verdicts_of(probability, judged, wrong).seen(passing).error
    low, high = as_if_nothing_were_missing(probability[passing & judged], wrong[passing & judged])
    truth = float(risk[passing].mean())
    return Covered(told.low <= truth <= told.high, low <= truth <= high)


def as_if_nothing_were_missing(probability: Any, wrong: Any) -> tuple[float, float]:
    sums = summed((1 / probability).tolist(), wrong.tolist())
    return wilson(sums.value * sums.worth, sums.worth) if sums.weight else (0.0, 1.0)


def tries(gap: Gap, number: int, *, seed: int) -> list[Covered]:
    chance = numpy.random.default_rng(seed)
    return [tried(gap, chance) for _ in range(number)]


def mixed_tries(number: int, *, seed: int) -> list[Covered]:
    """So many over all gaps in turn."""
    chance = numpy.random.default_rng(seed)
    return [tried(GAPS[place % len(GAPS)], chance) for place in range(number)]


def runs(world: World, number: int, *, seed: int) -> list[Covered]:
    chance = numpy.random.default_rng(seed)
    return [run(world, chance) for _ in range(number)]


def mixed(number: int, *, seed: int) -> list[Covered]:
    """So many runs over all worlds in turn."""
    chance = numpy.random.default_rng(seed)
    return [run(WORLDS[place % len(WORLDS)], chance) for place in range(number)]


def share(covered: list[Covered], name: str) -> float:
    return float(numpy.mean([getattr(one, name) for one in covered]))


def measure(passes: int) -> Iterator[Row]:
    everything: list[Covered] = []
    for seed, world in enumerate(WORLDS):
        found = runs(world, RUNS, seed=seed)
        everything += found
        yield row(world.name, found)
    yield row("all of these", everything, target=0.93)
    of_drafts: list[Covered] = []
    for seed, gap in enumerate(GAPS):
        found = tries(gap, RUNS, seed=seed)
        of_drafts += found
        yield row(gap.name, found)
    yield row("all drafts with verdicts missing", of_drafts, target=0.93)


def row(name: str, found: list[Covered], target: float | None = None) -> Row:
    low, high = wilson(share(found, "ours") * len(found), len(found))
    figures = f"({low:.3f} to {high:.3f}, {len(found):,} runs); naive {share(found, 'naive'):.3f}"
    return Row(f"covers the truth: {name}", [share(found, "ours")], target, figures)
