"""Figures as people read them: with their unit, and with how much they rest on."""

from __future__ import annotations

from decisions.calibration import Bin, Scored
from decisions.estimates import Estimate
from decisions.statistics import Mean, Share

NOTHING = "-"
NO_DATA = "no data yet"
MINUTE, HOUR = 60, 3600


def whole(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 or number == int(number) else f"{number:.1f}"


def seconds_in_words(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 2 * MINUTE:
        return f"{seconds:.3g} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.3g} min"
    return f"{seconds / HOUR:.3g} h"


def percent(share: float) -> str:
    """Never 0 % or 100 % by rounding alone."""
    shown = 100 * share
    if 0 < shown < 0.5:
        return "< 1 %"
    if 99.5 < shown < 100:
        return "> 99 %"
    return f"{shown:.0f} %"


def share_in_words(share: Share) -> str:
    """With its 95 % interval and n; a share of nothing is no figure at all."""
    if share.value is None:
        return NO_DATA
    return f"{percent(share.value)} ({interval_in_words(share)})"


def interval_in_words(share: Share) -> str:
    low, high = share.interval
    return f"{100 * low:.0f} to {100 * high:.0f} %, n = {share.n:,}"


def mean_in_words(mean: Mean) -> str:
    """With its 95 % interval and n; a mean of nothing is no figure at all."""
    if mean.value is None:
        return NO_DATA
    low, high = mean.interval
    return f"{mean.value:.1f} ({low:.1f} to {high:.1f}, n = {mean.n:,})"


def estimate_in_words(estimate: Estimate) -> str:
    """With its 95 % interval and how many were looked at for it."""
    if estimate.value is None:
        return NO_DATA
    between = f"{100 * estimate.low:.0f} to {100 * estimate.high:.0f} %"
    return f"{percent(estimate.value)} ({between}, n = {estimate.n:,})"


def bin_in_words(one: Bin) -> str:
    """The share that people found right, by weight, with its 95 % interval and how many were looked at."""
    if one.right is None:
        return NO_DATA
    low, high = one.interval
    few = ", few" if one.few else ""
    return f"{percent(one.right)} ({100 * low:.0f} to {100 * high:.0f} %, n = {one.n:,}{few})"


def score_in_words(score: Scored) -> str:
    return f"{score.value:.2f} ({score.low:.2f} to {score.high:.2f})"


def tasks_in_words(number: int) -> str:
    return "1 task" if number == 1 else f"{number:,} tasks"


def percent_in_words(share: float) -> str:
    """As exact as it was said or found: 0.05 is 5 %, 0.0123 is 1.23 %."""
    return f"{100 * share:.3g} %"


def accepted_in_words(accepted: float, told: Estimate, over: str) -> str:
    """The error that was accepted beside what is."""
    said = f"You accept {percent_in_words(accepted)} wrong among what nobody looks at;"
    if told.value is None:
        return f"{said} {over} it cannot be told yet."
    verdict = "" if told.high <= accepted else " That is not shown to be within it."
    return f"{said} {over} the estimate is {found_in_words(told)}.{verdict}"


def allowed_in_words(allowed: float, told: Estimate, over: str) -> str:
    """The share that people can look at beside what went to them."""
    said = f"You accept {percent_in_words(allowed)} to people;"
    if told.value is None:
        return f"{said} {over} nothing was decided yet."
    verdict = " That is more." if told.low > allowed else ""
    return f"{said} {over} it was {found_in_words(told)}.{verdict}"


def found_in_words(told: Estimate) -> str:
    """With its 95 % interval and n, as exact as what it is held against."""
    between = f"{100 * told.low:.3g} to {percent_in_words(told.high)}"
    return f"{percent_in_words(told.value or 0.0)} ({between}, n = {told.n:,})"
