"""Three agents that read real data, one of them far too sure of itself: trained anew for each seed, on other parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from examples.digits.classifiers import untrained
from examples.digits.data import LEARNED_BY, everything, pixels

OVERCONFIDENT = "eager"


class DataSet(NamedTuple):
    """Items with their true labels, how many each agent learns from, and what learns."""

    name: str
    items: Any
    labels: Any
    parts: Mapping[str, int]
    untrained: Callable[[str], Any]


class Answers(NamedTuple):
    """Of items that no agent has learned from, a row for each; a column for each agent, in the order of `parts`."""

    confidence: Any
    right: Any


def data_sets() -> list[DataSet]:
    images, labels, _ = everything()
    parts = {name: part.stop - part.start for name, part in LEARNED_BY.items()}
    cells, malignant = load_breast_cancer(return_X_y=True)
    few = {"steady": 120, "eager": 20, "slow": 40}
    return [
        DataSet("digits", pixels(images), labels, parts, untrained),
        DataSet("breast cancer", cells, malignant, few, untrained_on_cells),
    ]


def untrained_on_cells(name: str) -> Any:
    """As those that read digits, for 30 measures of a sample of tissue."""
    if name == "steady":
        scaled = make_pipeline(StandardScaler(), SVC(C=5))
        return CalibratedClassifierCV(scaled, cv=5, ensemble=False)
    if name == "eager":
        return make_pipeline(StandardScaler(), LogisticRegression(C=10_000, max_iter=5_000))
    return make_pipeline(StandardScaler(), KNeighborsClassifier(5, weights="distance"))


def answers(data: DataSet, random: numpy.random.Generator) -> Answers:
    """The agents learn a part of its own each, and answer all the rest, in an order of its own."""
    order = random.permutation(len(data.labels))
    ends = numpy.cumsum(list(data.parts.values()))
    *learned, asked = numpy.split(order, ends)
    said = [
        answered(data, name, mine, asked) for name, mine in zip(data.parts, learned, strict=True)
    ]
    return Answers(*(numpy.column_stack(column) for column in zip(*said, strict=True)))


def answered(data: DataSet, name: str, learned: Any, asked: Any) -> tuple[Any, Any]:
    """How sure it is of each, and whether it is right."""
    model = data.untrained(name).fit(data.items[learned], data.labels[learned])
    shares = model.predict_proba(data.items[asked])
    return shares.max(axis=1), model.classes_[shares.argmax(axis=1)] == data.labels[asked]
