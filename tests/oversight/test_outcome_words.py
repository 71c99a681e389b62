"""What a simulation says, row by row: estimates with their interval and n, counts as counts."""

from __future__ import annotations

from typing import Any

from oversight.outcome_words import outcomes

OUTCOME: dict[str, Any] = {
    "to_people": {"value": 0.24, "low": 0.22, "high": 0.26, "n": 2_000},
    "asked": 400,
    "drawn": 80.0,
    "unseen": 1_520.0,
    "error": {"value": 0.031, "low": 0.02, "high": 0.05, "n": 300},
    "right": 280,
    "wrong": 20,
    "pending": 7,
    "no_verdict": 3,
    "never_seen": 1_290,
    "hours": None,
    "hours_saved": {"value": 2.0, "low": 1.5, "high": 2.5, "n": 60},
}


def told(**changed: Any) -> dict[str, str]:
    rows = outcomes({"draft": None, "active": OUTCOME | changed})
    return {label: cell for label, (cell,) in rows}


def test_each_estimate_stands_with_its_interval_and_with_n() -> None:
    rows = told()
    assert rows["Nobody looks, on average"] == "1,520: 76 % (74 % to 78 %, n = 2,000)"
    assert rows["drawn for the audit sample, on average"] == "80 (63 to 97, n = 1,600)"
    assert rows["Hours saved against looking at everything"] == "2.0 h (1.5 to 2.5, n = 60)"
    estimates = [cell for label, cell in rows.items() if not label.startswith("Counted")]
    assert [cell for cell in estimates if "n = " not in cell] == ["times were not recorded"]


def test_counts_say_that_they_are_counts() -> None:
    counted = {label: cell for label, cell in told().items() if label.startswith("Counted")}
    assert list(counted.values()) == ["400", "280", "20", "7", "3", "1,290"]
    assert counted["Counted of what passes: went to people, no verdict"] == "3"


def test_a_simulation_of_nothing_or_of_before_says_what_it_has() -> None:
    nothing = {"value": None, "low": 0.0, "high": 1.0, "n": 0}
    rows = told(to_people=nothing, drawn=0.0, unseen=0.0)
    assert rows["Nobody looks, on average"] == "no data yet"
    older = {name: value for name, value in OUTCOME.items() if name != "pending"}
    assert dict(outcomes({"draft": older, "active": OUTCOME}))[
        "Counted of what passes: waits for a person still"
    ] == ["no data yet", "7"]
