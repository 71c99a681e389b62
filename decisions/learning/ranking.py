"""How good risks are on decisions that they were not learned from: figures with their 95 % intervals.

Each decision stands for as many as its weight says. Of two that are equally risky either may be looked at first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy

from decisions.calibration import HIGH, LOW, ROUNDS, Scored, measure

# The shares of all decisions that people look at, at which it is told how many of the wrong ones they find.
REVIEWED = (0.1, 0.2, 0.3)
Figure = Callable[[Any], float]  # of the weights of one round


class Ranked(NamedTuple):
    """Decisions with the riskiest first; `starts` are where those of one risk begin."""

    order: Any
    starts: Any
    wrong: Any

    def sums(self, weight: Any) -> tuple[Any, Any]:
        """Wrong and right of each risk, weighted."""
        weighed = weight[self.order]
        wrong = numpy.add.reduceat(weighed * self.wrong, self.starts)
        return wrong, numpy.add.reduceat(weighed, self.starts) - wrong

    def auc(self, weight: Any) -> float:
        """The probability that a wrong one is found riskier than a right one."""
        wrong, right = self.sums(weight)
        behind = right.sum() - numpy.cumsum(right) + right / 2
        return share(float((wrong * behind).sum()), float(wrong.sum() * right.sum()))

    def caught(self, weight: Any, reviewed: float) -> float:
        """The share of the wrong ones among so large a share of all, from the riskiest on."""
        wrong, right = self.sums(weight)
        looked_at = numpy.concatenate([[0.0], numpy.cumsum(wrong + right)])
        caught = numpy.concatenate([[0.0], numpy.cumsum(wrong)])
        found = numpy.interp(reviewed * looked_at[-1], looked_at, caught)
        return share(float(found), float(caught[-1]))

    def curve(self, weight: Any, points: int = 50) -> list[list[float]]:
        """What is caught at each share that is looked at, from nothing to all."""
        shares = [point / points for point in range(points + 1)]
        return [[reviewed, round(self.caught(weight, reviewed), 4)] for reviewed in shares]


def share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def ranked(risk: Any, wrong: Any) -> Ranked:
    order = numpy.argsort(-risk, kind="stable")
    starts = numpy.flatnonzero(numpy.diff(risk[order], prepend=numpy.inf))
    return Ranked(order, starts, wrong[order].astype(float))


def doubt_of(confidence: Any, wrong: Any) -> Ranked:
    """The lowest stated confidence first; none (NaN) is lower than any."""
    return ranked(numpy.where(numpy.isnan(confidence), 2.0, 1 - confidence), wrong)


def measured(risk: Any, confidence: Any, wrong: Any, weight: Any, *, seed: int) -> dict[str, Any]:
    """All figures of the risks, beside those of the lowest confidence first and of looking at random ones."""
    random = numpy.random.default_rng(seed)
    doubt = doubt_of(confidence, wrong)
    blind = ranked(random.random(len(wrong)), wrong)
    model = ranked(risk, wrong)
    figures: dict[str, Figure] = {
        "auc": model.auc,
        "confidence_auc": doubt.auc,
    }
    for reviewed in REVIEWED:
        figures |= caught_figures(reviewed, model, doubt, blind)
    return {
        "n": len(wrong),
        "wrong": int(wrong.sum()),
        **bootstrapped(figures, weight, random),
        **kept_words(risk, wrong, weight),
    }


def kept_words(risk: Any, wrong: Any, weight: Any) -> dict[str, dict[str, float]]:
    """Whether so many are wrong as the risks say."""
    found = measure(risk, wrong, weight)
    if found is None:
        return {}
    scores = {"brier": found.brier, "ece": found.error, "ece_debiased": found.debiased}
    return {name: figure_of(score, found.n) for name, score in scores.items()}


def caught_figures(
    reviewed: float, model: Ranked, doubt: Ranked, blind: Ranked
) -> dict[str, Figure]:
    at = f"at_{reviewed:.0%}".rstrip("%")
    return {
        f"caught_{at}": lambda w: model.caught(w, reviewed),
        f"caught_by_confidence_{at}": lambda w: doubt.caught(w, reviewed),
        f"caught_at_random_{at}": lambda w: blind.caught(w, reviewed),
        f"more_than_by_confidence_{at}": lambda w: (
            model.caught(w, reviewed) - doubt.caught(w, reviewed)
        ),
    }


def bootstrapped(
    figures: Mapping[str, Figure], weight: Any, random: numpy.random.Generator
) -> dict[str, dict[str, float]]:
    """Each figure with its interval; all of them are of the same rounds, so that their differences are paired."""
    n = len(weight)
    rounds = [numpy.bincount(random.integers(0, n, n), minlength=n) * weight for _ in range(ROUNDS)]
    return {name: figure_of(scored(figure, weight, rounds), n) for name, figure in figures.items()}


def scored(figure: Figure, weight: Any, rounds: list[Any]) -> Scored:
    low, high = numpy.nanpercentile([figure(one) for one in rounds], [LOW, HIGH])
    return Scored(figure(weight), float(low), float(high))


def figure_of(score: Scored, n: int) -> dict[str, float]:
    return {name: round(value, 6) for name, value in score._asdict().items()} | {"n": n}
