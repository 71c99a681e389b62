"""Figures, with how sure they are."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

Z = 1.959964  # 95 %


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval for a share, after Wilson; all of 0 to 1 when nothing was looked at."""
    if n == 0:
        return 0.0, 1.0
    share, z2 = right / n, Z * Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def share_of(right: int, n: int) -> str:
    """`95 % (89 to 98)`, and a dash where there is nothing to go by."""
    if n == 0:
        return "-"
    low, high = (100 * bound for bound in wilson(right, n))
    return f"{100 * right / n:.0f} % ({low:.0f} to {high:.0f})"


def median_and_p95(values: Sequence[float]) -> tuple[str, str]:
    if not values:
        return "-", "-"
    ordered = sorted(values)
    return seconds(statistics.median(ordered)), seconds(ordered[math.ceil(0.95 * len(ordered)) - 1])


def seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"
