"""The trainer of the calibration: what a stated confidence of an agent is worth, by what people said of its decisions.

Learned from decisions that people saw, each for as many as it stands for, and tested on later ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy

from decisions.calibration import Calibration, Scored, effective_n, measure
from decisions.learning import data_set
from decisions.learning.data_set import names_of
from decisions.learning.examples import MICROSECONDS, Examples, digest_of
from decisions.learning.mapping import FEWEST, PENALTY, PRIOR, SUREST, Stated, maps_of, stated_of
from decisions.learning.maps import Map, Maps, written
from decisions.learning.worths import worth_of
from decisions.statistics import reliability
from mlregistry.trainers import Run, Trained, TrainingFailed

# The oldest of the examples are learned from; the rest tests what was learned.
LEARNED = 0.7
FEWEST_TESTED = 20
# So many agents have figures of their own, those with the most examples first, and so many lines.
MOST_AGENTS, MOST_LINES = 20, 4
FIGURES = {"error": "ece", "debiased": "calibration_error", "brier": "brier"}
SIGNATURE = {
    "inputs": {"agent_id": "id", "task_type": "text", "confidence": "0 to 1"},
    "outputs": {"confidence": "0 to 1", "basis": "agent or pooled"},
}
LIMITS = [
    "It knows what people corrected. What nobody noticed is right to it, and what nobody saw it does not know.",
    "An agent that changes states something else by its confidence: train anew after that.",
    f"Whose verdicts are worth fewer than {FEWEST} is taken for all agents on average.",
    "The reliability curve counts what people saw, each once; the figures weigh each by what it stands for.",
    "The figures are of a calibration from the older examples, tested on the newer. The one that is kept rests on all.",
]  # fmt: skip


class Tested(NamedTuple):
    before: Calibration
    after: Calibration


def train(run: Run) -> Trained:
    if run.config:
        raise TrainingFailed(f"There is no parameter {min(run.config)!r}; there are none.")
    run.tell(0.0, "Reading what people said of decisions.")
    examples = stated_in(data_set.read_examples(run.feedback_ids))
    stated = stated_of(examples)
    older, newer = split(stated)
    check(older, newer)
    run.tell(
        0.4, f"{stated.n:,} decisions came with a confidence; learning from the first {older.n:,}."
    )
    tested, worth = try_out(run, maps_of(older), newer)
    maps, names = maps_of(stated), names_of(stated.agents)
    metrics = metrics_of(tested, names)
    run.tell(1.0, in_words(tested[""]))
    return Trained(
        written(maps), "json", metrics, parameters_of(maps, stated), SIGNATURE,
        card_of(maps, names, examples, newer, worth), digest_of(examples),
    )  # fmt: skip


def stated_in(examples: Examples) -> Examples:
    return examples.chosen(~numpy.isnan(examples.rows.confidence))


def split(stated: Stated) -> tuple[Stated, Stated]:
    """In the order of time."""
    first = int(stated.n * LEARNED)
    return stated.chosen(slice(0, first)), stated.chosen(slice(first, None))


def check(older: Stated, newer: Stated) -> None:
    if not older.is_enough_for_all or newer.n < FEWEST_TESTED:
        n, right = older.n + newer.n, int(older.right.sum() + newer.right.sum())
        raise TrainingFailed(
            f"Too few: {n} decisions with a stated confidence have a verdict, {right} of them right. It takes "
            f"{FEWEST} older ones (by their weights), right and wrong ones, and {FEWEST_TESTED} newer ones."
        )


def try_out(run: Run, maps: Maps, newer: Stated) -> tuple[dict[str, Tested], Any]:
    """How it does on the newer ones: all of them under "", and those of each agent; and what they are worth by it."""
    worth = worths(maps, newer)
    found = {"": tested_on(newer, worth)}
    agents, counts = numpy.unique(newer.agents, return_counts=True)
    most = agents[numpy.argsort(-counts, kind="stable")][:MOST_AGENTS]
    for place, agent in enumerate(most):
        run.tell(0.5 + 0.4 * place / len(most), f"Testing {place + 1} of {len(most)} agents.")
        own = newer.agents == agent
        found[agent] = tested_on(newer.chosen(own), worth[own])
    return found, worth


def worths(maps: Maps, stated: Stated) -> Any:
    return worth_of(maps, stated.agents, stated.task_types, stated.confidence)


def tested_on(newer: Stated, worth: Any) -> Tested:
    before = measure(newer.confidence, newer.right, newer.weight)
    after = measure(worth, newer.right, newer.weight)
    if before is None or after is None:
        raise TrainingFailed("There is nothing to test it on.")
    return Tested(before, after)


def metrics_of(tested: Mapping[str, Tested], names: Mapping[str, str]) -> dict[str, Any]:
    """`ece` and `ece_before` and so on, of all agents; then of each, with its name before."""
    return {
        f"{names[agent]}: {name}" if agent else name: figure
        for agent, one in tested.items()
        for name, figure in figures_of(one).items()
    }


def figures_of(tested: Tested) -> dict[str, Any]:
    return {
        name + suffix: figure(getattr(calibration, field), calibration.n)
        for field, name in FIGURES.items()
        for suffix, calibration in (("", tested.after), ("_before", tested.before))
    }


def figure(score: Scored, n: int) -> dict[str, float]:
    value, low, high = (round(number, 6) for number in score)
    return {"value": value, "low": low, "high": high, "n": n}


def in_words(tested: Tested) -> str:
    """By Brier: over all agents the calibration error hides that one says too much and another too little."""
    before, after = tested
    return (
        f"On the {after.n:,} newest the Brier score was {before.brier.value:.3f} as stated, and "
        f"{after.brier.value:.3f} recalibrated."
    )


def parameters_of(maps: Maps, stated: Stated) -> dict[str, Any]:
    return {
        "learned": LEARNED, "fewest": FEWEST, "prior": PRIOR, "penalty": PENALTY, "surest": SUREST,
        "effective_n": round(effective_n(stated.weight), 1), "agents_of_their_own": len(maps.agents),
        "task_types_of_their_own": sum(map(len, maps.task_types.values())),
    }  # fmt: skip


def card_of(
    maps: Maps, names: Mapping[str, str], examples: Examples, newer: Stated, worth: Any
) -> dict[str, Any]:
    first = examples.n - newer.n
    return {
        "summary": "What the confidence that an agent states is worth: how often people found such decisions right.",
        "trained_on": about(examples, slice(None)),
        "tested_on": about(examples, slice(first, None)),
        "reliability": [
            [one.low, one.high, one.confidence, one.right.hits, one.right.n]
            for one in reliability(list(zip(worth.tolist(), newer.right.tolist(), strict=True)))
        ],
        "curve": {"x": "stated", "y": "worth", "lines": lines_of(maps, names)},
        "limits": LIMITS,
    }


def about(examples: Examples, places: slice) -> dict[str, Any]:
    """In the order of time."""
    chosen = examples.chosen(places)
    return {
        "n": chosen.n,
        "from": day_of(chosen.rows.at[0]),
        "to": day_of(chosen.rows.at[-1]),
        "found wrong": int(chosen.wrong.sum()),
        "drawn at random": int((chosen.weight > 1).sum()),
        "agents": len(set(chosen.rows.agents.tolist())),
    }


def day_of(at: Any) -> str:
    return datetime.fromtimestamp(int(at) / MICROSECONDS, UTC).strftime("%Y-%m-%d %H:%M UTC")


def lines_of(maps: Maps, names: Mapping[str, str]) -> dict[str, list[list[float]]]:
    often = sorted(maps.agents, key=lambda agent: (-maps.agents[agent].n, agent))[:MOST_LINES]
    own = {names[agent]: drawn(maps.agents[agent]) for agent in often}
    return {"as stated": [[0.0, 0.0], [1.0, 1.0]], "all agents": drawn(maps.pooled), **own}


def drawn(one: Map) -> list[list[float]]:
    return [list(point) for point in zip(one.stated, one.worth, strict=True)]
