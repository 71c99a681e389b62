"""The trainer of the risk model: the probability that a person would correct a decision.

Learned from decisions that people saw, each for as many as it stands for, and tested on later ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy

from decisions.calibration import effective_n
from decisions.learning import data_set
from decisions.learning.examples import MICROSECONDS, Examples, digest_of
from decisions.learning.features import OTHER, PLAIN, PRIORITIES
from decisions.learning.fitting import STRENGTH, Fitted, fit, split
from decisions.learning.ranking import doubt_of, measured, ranked
from decisions.learning.scorer import Weights, written
from decisions.statistics import BINS
from mlregistry.trainers import Run, Trained, TrainingFailed

FEWEST = 100
FEWEST_WORTH = 40  # of one weight
FEWEST_OF_EACH = 5  # wrong ones and right ones, among what it learns from and what it is tested on
STRENGTHS = (0.001, 1_000.0)
REVIEWED = 0.2  # of the confusion on the card
SIGNATURE = {
    "inputs": {
        "agent_id": "id", "task_type": "text", "priority": "0 to 3", "confidence": "0 to 1, or none",
        "attempt": "from 1", "size": "bytes", "at": "time",
        "records": "verdicts on the agent until then",
    },
    "outputs": {"risk": "0 to 1", "reasons": "the three strongest parts, in log-odds"},
}  # fmt: skip
LIMITS = [
    "It knows what people corrected. What nobody noticed is right to it, and what nobody saw it does not know.",
    "It was tested on the newest decisions only; agents that change from then on are not what it has seen.",
    "An agent or task type with fewer than 20 examples shares its weights with all others.",
    "Values beyond those that it has seen count as the nearest one that it has.",
    "Reliability and confusion count what people saw, each once; the figures weigh each by what it stands for.",
]


def train(run: Run) -> Trained:
    strength = strength_in(run.config)
    run.tell(0.0, "Reading what people said of decisions.")
    examples = data_set.read_examples(run.feedback_ids)
    check(examples)
    wrong = int(examples.wrong.sum())
    run.tell(0.3, f"{examples.n:,} decisions were looked at; {wrong:,} of them were corrected.")
    fitted = fit(examples, seed=run.seed, strength=strength)
    run.tell(0.6, f"Learned from the first {fitted.parts.learned.n:,}; testing on the last ones.")
    metrics = metrics_of(fitted, run.seed)
    run.tell(1.0, told(metrics))
    return Trained(
        written(fitted.weights), "json", metrics, parameters_of(fitted, strength), SIGNATURE, card_of(fitted, metrics),
        digest_of(examples),
    )  # fmt: skip


def strength_in(config: Mapping[str, Any]) -> float:
    """What the job asks for; TrainingFailed for what it cannot ask for."""
    unknown = sorted(set(config) - {"strength"})
    if unknown:
        raise TrainingFailed(f"There is no parameter {unknown[0]!r}; there is: strength.")
    strength = config.get("strength", STRENGTH)
    lowest, highest = STRENGTHS
    is_number = isinstance(strength, int | float) and not isinstance(strength, bool)
    if not is_number or not lowest <= strength <= highest:
        raise TrainingFailed(f"strength is a number from {lowest:g} to {highest:g}.")
    return float(strength)


def check(examples: Examples) -> None:
    if examples.n < FEWEST:
        raise TrainingFailed(
            f"Only {examples.n} decisions of agents have a verdict; it takes at least {FEWEST}."
        )
    worth = effective_n(examples.weight)
    if worth < FEWEST_WORTH:
        raise TrainingFailed(
            f"The {examples.n} decisions say as much as {worth:.0f} of one weight, as few that were drawn stand for "
            f"many; it takes at least {FEWEST_WORTH}."
        )
    parts = split(examples)
    for name, part in (("oldest", parts.learned), ("newest", parts.tested)):
        wrong = int(part.wrong.sum())
        if min(wrong, part.n - wrong) < FEWEST_OF_EACH:
            raise TrainingFailed(
                f"Of the {name} {part.n} decisions {wrong} were corrected and {part.n - wrong} were not: "
                f"it takes at least {FEWEST_OF_EACH} of each."
            )


def metrics_of(fitted: Fitted, seed: int) -> dict[str, Any]:
    tested = fitted.parts.tested
    confidence = tested.rows.confidence
    return measured(fitted.risk, confidence, tested.wrong, tested.weight, seed=seed)


def told(metrics: Mapping[str, Any]) -> str:
    model, doubt = metrics["caught_at_20"], metrics["caught_by_confidence_at_20"]
    return (
        f"With 20 % looked at it finds {in_words(model)} of what is wrong; "
        f"by the lowest confidence {in_words(doubt)}."
    )


def in_words(figure: Mapping[str, float]) -> str:
    value, low, high = (100 * figure[name] for name in ("value", "low", "high"))
    return f"{value:.0f} % ({low:.0f} to {high:.0f} %, n = {figure['n']:,})"


def parameters_of(fitted: Fitted, strength: float) -> dict[str, Any]:
    return {
        "model": "logistic regression",
        "strength": strength,
        "calibrated": "sigmoid, on what others say of each"
        if fitted.is_calibrated
        else "no: too few",
        "agents": len(fitted.weights.agents),
        "task_types": len(fitted.weights.task_types),
    }


def card_of(fitted: Fitted, metrics: Mapping[str, Any]) -> dict[str, Any]:
    tested = fitted.parts.tested
    return {
        "summary": f"The probability that a person would correct a decision. {told(metrics)}",
        "trained_on": facts_of(fitted.parts.learned),
        "tested_on": facts_of(tested),
        "reliability": reliability(fitted.risk, tested.wrong),
        "confusion": confusion(fitted.risk, tested.wrong),
        "curve": curve(fitted),
        "features": features_of(fitted.weights, data_set.names_of(fitted.weights.agents)),
        "limits": LIMITS,
    }


def facts_of(examples: Examples) -> dict[str, Any]:
    rows = examples.rows
    return {
        "n": examples.n,
        "corrected": int(examples.wrong.sum()),
        "worth": round(effective_n(examples.weight), 1),
        "from": day(rows.at.min()),
        "to": day(rows.at.max()),
        "agents": len(set(rows.agents)),
        "task types": len(set(rows.task_types)),
    }


def day(at: int) -> str:
    return f"{datetime.fromtimestamp(int(at) / MICROSECONDS, UTC):%Y-%m-%d %H:%M} UTC"


def reliability(risk: Any, wrong: Any) -> list[list[Any]]:
    """Predicted risk against what people said, in ten bins."""
    bins = numpy.minimum((risk * BINS).astype(int), BINS - 1)
    rows: list[list[Any]] = []
    for place in range(BINS):
        within = bins == place
        mean = round(float(risk[within].mean()), 4) if within.any() else None
        rows.append(
            [place / BINS, (place + 1) / BINS, mean, int(wrong[within].sum()), int(within.sum())]
        )
    return rows


def confusion(risk: Any, wrong: Any) -> dict[str, Any]:
    """What people find who look at the riskiest fifth."""
    looked_at = risk >= numpy.quantile(risk, 1 - REVIEWED)
    rows = [
        [int((truth & ~looked_at).sum()), int((truth & looked_at).sum())]
        for truth in (~wrong, wrong)
    ]
    return {"labels": ["right", "wrong"], "rows": rows}


def curve(fitted: Fitted) -> dict[str, Any]:
    tested = fitted.parts.tested
    lines = {
        "review_risk": ranked(fitted.risk, tested.wrong).curve(tested.weight),
        "lowest confidence": doubt_of(tested.rows.confidence, tested.wrong).curve(tested.weight),
        "at random": [[0.0, 0.0], [1.0, 1.0]],
    }
    return {"x": "share reviewed", "y": "share of wrong caught", "lines": lines}


def features_of(weights: Weights, names: Mapping[str, str]) -> list[list[Any]]:
    agents = [*(names[agent] for agent in weights.agents), OTHER]
    named = [
        *zip(PLAIN, weights.of_plain, strict=True),
        *of_each("priority", PRIORITIES, weights.of_priority),
        *of_each("agent", agents, weights.of_agent),
        *of_each("doubt of agent", agents, weights.of_doubt),
        *of_each("task type", [*weights.task_types, OTHER], weights.of_task_type),
    ]
    strongest = sorted(named, key=lambda pair: (-abs(pair[1]), pair[0]))
    # Adding 0 leaves no -0.
    return [[name, round(weight, 4) + 0.0] for name, weight in strongest]


def of_each(kind: str, names: Sequence[str], weights: Sequence[float]) -> list[tuple[str, float]]:
    return [(f"{kind} {name}", weight) for name, weight in zip(names, weights, strict=True)]
