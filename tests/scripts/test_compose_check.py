from __future__ import annotations

import pytest

from scripts.compose_check import (
    CheckFailed,
    Service,
    handed_on,
    interpolate,
    seconds,
    start_order,
)


@pytest.mark.parametrize(
    ("text", "filled_in"),
    [
        ("${HOST}:80", "example:80"),
        ("${HOST:-localhost}", "example"),
        ("${PORT:-8080}", "8080"),
        ("${PORT:-}", ""),
        ("${PORT}", ""),
        ("${HOST:?say which}", "example"),
        ("celery@$$(hostname)", "celery@$(hostname)"),
    ],
)
def test_it_fills_in_variables_as_compose_does(text: str, filled_in: str) -> None:
    assert interpolate({"a": [text]}, {"HOST": "example"}) == {"a": [filled_in]}


def test_it_refuses_a_required_variable_without_a_value() -> None:
    with pytest.raises(CheckFailed, match="SECRET_KEY is required: set it"):
        interpolate("${SECRET_KEY:?set it}", {})


def test_it_hands_on_a_variable_without_a_value_only_when_it_is_set() -> None:
    environment = {"GIVEN": "1", "SET": None, "UNSET": None}

    assert handed_on(environment, {"SET": "2"}) == {"GIVEN": "1", "SET": "2"}


def test_it_starts_each_service_after_those_it_depends_on() -> None:
    services: dict[str, Service] = {
        "proxy": {"depends_on": {"web": {}}},
        "web": {"depends_on": {"redis": {}}},
        "redis": {},
    }

    assert start_order(services) == ["redis", "web", "proxy"]


@pytest.mark.parametrize(("duration", "number"), [("65s", 65), ("1m30s", 90), ("2h", 7200)])
def test_it_reads_durations_as_compose_writes_them(duration: str, number: int) -> None:
    assert seconds(duration) == number
