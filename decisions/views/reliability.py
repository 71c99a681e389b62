"""The door to how far an agent's confidence can be relied on."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from agentic.api import ApiView, id_in_path, text_in_query
from agents.selectors import read_agent
from decisions.calibration import Calibration
from decisions.described import reliability as described
from decisions.reliability import Compared, basis_of, reliability_of, seen_of


class AgentCalibration(ApiView):
    rules: ClassVar = {"GET": "agents.view"}
    operations: ClassVar = {"GET": described.SHOW_CALIBRATION}

    def get(self, request: Request, agent_id: str) -> Response:
        agent = read_agent(id_in_path(agent_id))
        task_type = text_in_query(request, "task_type")
        judged = [one for one in seen_of(agent.pk, task_type) if one.is_judged]
        found = reliability_of(judged)
        return Response(
            {
                "agent_id": agent.pk,
                "task_type": task_type,
                "judged": len(judged),
                "unstated": sum(one.confidence is None for one in judged),
                "drawn": found.drawn,
                "stated": found.stated and shown(found.stated),
                "bins": [one._asdict() for one in found.bins if one.n],
                "recalibration": found.compared and side_by_side(found.compared),
                "basis": basis_of(agent.pk, task_type)._asdict(),
            }
        )


def side_by_side(compared: Compared) -> dict[str, Any]:
    return {
        "stated": shown(compared.before),
        "recalibrated": shown(compared.after),
        "bins": [one._asdict() for one in compared.bins if one.n],
    }


def shown(calibration: Calibration) -> dict[str, Any]:
    return {
        "ece": calibration.error._asdict(),
        "calibration_error": calibration.debiased._asdict(),
        "brier": calibration.brier._asdict(),
        "n": calibration.n,
        "effective_n": round(calibration.effective, 1),
    }
