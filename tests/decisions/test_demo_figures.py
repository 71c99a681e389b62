"""What the learning demo tells at its end, of decisions whose truth is known."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from rich.console import Console

from decisions.demo_figures import learned_report
from examples.digits.phase import Decided

WRONG_EACH = 10


def decision(number: int, **more: object) -> Decided:
    """One of ten is wrong: its risk says so, and its confidence does not."""
    wrong = number % WRONG_EACH == 0
    told = {
        "agent": "demo-eager",
        "confidence": 0.95 if wrong else 0.9,
        "worth": 0.3 if wrong else 0.99,
        "risk": 0.7 if wrong else 0.01,
        "model_version": "1",
        "route": "person" if wrong else "auto",
        "probability": 1.0 if wrong else 0.2,
        "wrong": wrong,
    }
    return Decided(**(told | more))  # type: ignore[arg-type]


def told(decisions: Sequence[Decided], accepted: float | None = 0.05) -> str:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(learned_report(decisions, [10.0, 14.0] * 20, accepted))
    return capture.get()


def line(text: str, beginning: str) -> str:
    (found,) = re.findall(rf"^│ {re.escape(beginning)}.*$", text, re.MULTILINE)
    return str(found)


def test_it_tells_how_many_of_the_wrong_are_caught_at_each_share() -> None:
    text = told([decision(number) for number in range(400)])
    assert "40 wrong results" in text
    assert line(text, "review_risk").count("100 % (") == 3
    assert line(text, "lowest confidence").split("│")[2].split() == ["0", "%", "(0", "to", "0)"]
    assert line(text, "more, in points").split("│")[2].strip().startswith("100 (")
    at_random = [int(share) for share in re.findall(r"(\d+) % ", line(text, "at random"))]
    assert at_random == pytest.approx([10, 20, 30], abs=12)


def test_what_had_no_risk_is_counted_apart() -> None:
    unscored = [decision(number, risk=None) for number in range(100)]
    text = told([*(decision(number) for number in range(300)), *unscored])
    assert "30 wrong results (300 of 400 decisions had a risk)" in " ".join(text.split())


def test_each_agent_is_told_with_its_error_before_and_after() -> None:
    others = [decision(number, agent="demo-slow", worth=None) for number in range(100)]
    text = told([*(decision(number) for number in range(200)), *others])
    name, n, before, after, falls = (
        cell.strip() for cell in line(text, "demo-eager").strip("│").split("│")
    )
    assert (name, n) == ("demo-eager", "200")
    assert float(before.split()[0]) > float(after.split()[0])
    assert falls.endswith(" %")
    assert "demo-slow" not in text


def test_the_estimate_rests_on_the_sample_and_the_truth_stands_beside_it() -> None:
    drawn = [
        decision(number, route="sample", probability=0.2, wrong=number < 1) for number in range(40)
    ]
    passed = [decision(1, wrong=number < 8) for number in range(160)]
    text = told([*drawn, *passed])
    assert "5.0 %" in line(text, "accepted error among these")
    assert "2.5 % (" in line(text, "estimated from the audit sample")
    assert "n = 40)" in line(text, "estimated from the audit sample")
    assert "5.0 % (8 of 160)" in line(text, "in truth")
    assert "0.5 h (0.5 to 0.6, n = 40, simulated)" in line(text, "hours saved")


def test_without_a_sample_nothing_is_estimated() -> None:
    text = told([decision(number) for number in range(100)], accepted=None)
    assert "nothing was drawn" in line(text, "estimated from the audit sample")
    assert "none was said" in line(text, "accepted error among these")
