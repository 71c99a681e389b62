"""What the first page of the admin site says of agents."""

from __future__ import annotations

from django.db.models import QuerySet

from agentic.admin_parts import Tone, list_address
from agentic.board import Figure, add_figure, alarm, counted, in_words
from agents.models import Agent, AgentStatus


def with_status(status: AgentStatus) -> tuple[QuerySet[Agent], str]:
    address = list_address(Agent, status__exact=status.value)
    return Agent.objects.filter(status=status), address


def available() -> Figure:
    rows, address = with_status(AgentStatus.AVAILABLE)
    number = counted(rows)
    tones: dict[bool, Tone] = {True: "good", False: "bad"}
    return Figure(
        "agents available", in_words(number), tones[number > 0], "They take work.", address
    )


def offline() -> Figure:
    rows, address = with_status(AgentStatus.OFFLINE)
    return alarm("agents offline", rows, "warn", "Not heard of, or signed off.", address)


def paused() -> Figure:
    rows, address = with_status(AgentStatus.MAINTENANCE)
    text = "Out of service until somebody puts them back."
    return alarm("agents paused", rows, "warn", text, address)


for look in (available, offline, paused):
    add_figure("agents.view", look)
