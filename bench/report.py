"""What a measurement says, and how a run of several passes is told: the median with its range."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

Passes = dict[str, list[float]]


@dataclass
class Row:
    """One line of the table. `target` is the least that `values` should reach, or with `at_most` the most."""

    name: str
    values: list[float]
    target: float | None
    figures: str
    at_most: bool = False
    unit: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        if self.target is None:
            return "-"
        good = self.median <= self.target if self.at_most else self.median >= self.target
        return "PASS" if good else "short"

    def cells(self) -> list[str]:
        spread = f"{told(min(self.values))}..{told(max(self.values))}"
        value = f"{told(self.median)}{self.unit}" + (f" ({spread})" if len(self.values) > 1 else "")
        sign = "<=" if self.at_most else ">="
        target = "-" if self.target is None else f"{sign} {self.target:g}{self.unit}"
        return [self.name, value, target, self.figures, self.verdict]


HEAD = ["measurement", "ratio: median (range)", "target", "absolute figures", ""]


def told(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def table(rows: Sequence[Row]) -> str:
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEAD))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    )


def interleaved(passes: int, sides: Mapping[str, Callable[[], float]]) -> Passes:
    """Each side in turn, pass by pass, after one round that does not count."""
    found: Passes = {name: [] for name in sides}
    for number in range(passes + 1):
        for name, measure in sides.items():
            value = measure()
            if number:
                found[name].append(value)
        progress(f"pass {number} of {passes}")
    return found


def ratios(found: Passes, above: str, below: str) -> list[float]:
    return [a / b for a, b in zip(found[above], found[below], strict=True)]


def middle(found: Passes, name: str) -> str:
    return told(statistics.median(found[name]))


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def progress(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


def as_json(row: Row) -> str:
    return json.dumps(asdict(row))


def of_json(line: str) -> Row:
    return Row(**json.loads(line))
