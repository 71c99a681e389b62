"""The 1,797 scanned digits that scikit-learn ships: who learns from which of them, and which become tasks."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy
from sklearn.datasets import load_digits

Image = list[list[int]]

# Places in one shuffled order. Nobody is ever asked about an image that somebody has learned from.
LEARNED_BY = {"steady": slice(0, 600), "eager": slice(600, 660), "slow": slice(660, 860)}
ASKED = slice(860, None)
SHUFFLE = 7
BRIGHTEST = 16


@dataclass(frozen=True)
class Digit:
    """One image, 8 by 8 pixels of 0 to 16, with the label that its writers gave it."""

    index: int
    image: Image
    label: int


@cache
def everything() -> tuple[Any, Any, Any]:
    """Images, labels, and the shuffled order of their places."""
    digits = load_digits()
    order = numpy.random.default_rng(SHUFFLE).permutation(len(digits.target))
    return digits.images.astype(int), digits.target, order


def learned_by(name: str) -> tuple[Any, Any]:
    """Pixels from 0 to 1, 64 in a row, and labels."""
    images, labels, order = everything()
    mine = order[LEARNED_BY[name]]
    return pixels(images[mine]), labels[mine]


def pixels(images: Any) -> Any:
    return numpy.asarray(images).reshape(-1, 64) / BRIGHTEST


def digits_to_ask() -> list[Digit]:
    images, labels, order = everything()
    return [Digit(int(n), images[n].tolist(), int(labels[n])) for n in order[ASKED]]


def endless_digits(seed: int | None = None) -> Iterator[Digit]:
    """All that may be asked, in an order of their own, over and over."""
    digits = digits_to_ask()
    random.Random(seed).shuffle(digits)
    return itertools.cycle(digits)


def digits_for_two_phases() -> tuple[list[Digit], list[Digit]]:
    """Half of those that may be asked for each: no image of the second is in the first."""
    digits = digits_to_ask()
    middle = len(digits) // 2
    return digits[:middle], digits[middle:]
