"""What decides, and by which gates, is said in the environment: a slip of the pen is found at the start."""

from __future__ import annotations

import runpy
from typing import Any

import pytest

from agentic import settings as configured
from mlregistry.checks import check_deciding
from mlregistry.gates import is_deciding

GATE = [{"metric": "auc", "at_least": 0.6}]
BOTH = {"review_risk": GATE, "calibration": GATE}


def found(settings: Any, deciding: list[str], gates: Any) -> dict[str | None, str]:
    settings.DECIDING_MODELS, settings.MODEL_GATES = deciding, gates
    return {message.id: message.msg for message in check_deciding()}


def read(monkeypatch: pytest.MonkeyPatch, text: str) -> dict[str, Any]:
    """The settings, with these names in the environment."""
    monkeypatch.setenv("DECIDING_MODELS", text)
    return runpy.run_path(configured.__file__)


def test_blanks_between_the_names_switch_no_second_person_off(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DECIDING_MODELS = read(monkeypatch, " review_risk, calibration ,, ")["DECIDING_MODELS"]
    assert settings.DECIDING_MODELS == ["review_risk", "calibration"]
    assert is_deciding("calibration")


def test_our_gates_are_those_of_what_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [*read(monkeypatch, "calibration,bought")["MODEL_GATES"]] == ["calibration"]


def test_as_it_comes_there_is_nothing_to_say() -> None:
    assert check_deciding() == []


def test_a_gate_of_what_decides_nothing_stops_the_start(settings: Any) -> None:
    said = found(settings, [*BOTH], BOTH | {"review_rsik": GATE})
    assert [*said] == ["mlregistry.E006"]
    assert "'review_rsik'" in said["mlregistry.E006"]


def test_what_the_policy_decides_by_is_missed(settings: Any) -> None:
    said = found(settings, ["review_risk", "calibrations"], BOTH | {"calibrations": GATE})
    assert "'calibration'" in said["mlregistry.W001"]


@pytest.mark.parametrize("gates", [{"calibration": GATE}, BOTH | {"review_risk": []}])
def test_a_name_that_has_no_gate_is_told(settings: Any, gates: Any) -> None:
    said = found(settings, [*BOTH], gates)
    assert [*said] == ["mlregistry.W002"]
    assert "'review_risk'" in said["mlregistry.W002"]


def test_of_what_is_no_gate_at_all_another_check_speaks(settings: Any) -> None:
    assert found(settings, [*BOTH], []) == {}
