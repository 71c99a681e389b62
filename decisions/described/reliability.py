"""The call about an agent's confidence, as the API's document has it."""

from __future__ import annotations

from agentic.operations import Operation, Query
from agents.described import AGENT_ID
from decisions import reliability_answers as answers

STATED = {
    "ece": {"value": 0.19, "low": 0.15, "high": 0.23},
    "calibration_error": {"value": 0.22, "low": 0.18, "high": 0.26},
    "brier": {"value": 0.21, "low": 0.17, "high": 0.25},
    "n": 310,
    "effective_n": 198.4,
}
WORTH = {
    **STATED,
    "ece": {"value": 0.04, "low": 0.01, "high": 0.07},
    "calibration_error": {"value": 0.03, "low": 0.0, "high": 0.06},
    "brier": {"value": 0.16, "low": 0.13, "high": 0.19},
}
BIN = {
    "low": 0.9,
    "high": 1.0,
    "confidence": 0.96,
    "right": 0.81,
    "interval": [0.74, 0.86],
    "n": 240,
}
SHOW_CALIBRATION = Operation(
    summary="Show how well an agent's confidence keeps its word",
    about="Of its newest decisions that people judged, each by what it stands for.",
    query=(Query(name="task_type", type=str, about="Only decisions about tasks of this type."),),
    answer=answers.AgentCalibration,
    answered={
        "agent_id": AGENT_ID,
        "task_type": "",
        "judged": 310,
        "unstated": 0,
        "drawn": 40,
        "stated": STATED,
        "bins": [BIN],
        "recalibration": {"stated": STATED, "recalibrated": WORTH, "bins": [BIN]},
        "basis": {"version": "2026-01-05.1", "basis": "agent", "n": 290, "missing": ""},
    },
)
