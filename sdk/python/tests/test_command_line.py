from __future__ import annotations

import json
from pathlib import Path

import pytest

import agentic_client
from agentic_client import main, testing


@pytest.fixture
def signed_in(fake: testing.FakePlatform, server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    key = fake.add_key("triage")
    monkeypatch.setenv("AGENTIC_URL", server)
    monkeypatch.setenv("AGENTIC_KEY", key)
    return key


def test_it_prints_what_the_platform_said(
    signed_in: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["register", "--capability", "mail", "--concurrency", "3"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["name"], said["capabilities"], said["concurrency"]) == ("triage", ["mail"], 3)


def test_it_finds_nothing_wrong(
    fake: testing.FakePlatform, signed_in: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.registered[signed_in] = {"capabilities": ["mail", "calls"], "concurrency": 1}
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "WRONG" not in said
    assert signed_in not in said
    assert [line.split()[1] for line in said.splitlines()] == [
        *("url", "key", "round", "clock", "capabilities")
    ]
    assert "mail, calls" in said


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("AGENTIC_URL", "", "set AGENTIC_URL"),
        ("AGENTIC_URL", "http://127.0.0.1:9", "is it running?"),
        ("AGENTIC_KEY", "", "set AGENTIC_KEY"),
        ("AGENTIC_KEY", "aap_un_known", "Ask an administrator"),
    ],
)
def test_it_says_what_is_wrong_and_how_to_mend_it(
    signed_in: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    remedy: str,
) -> None:
    monkeypatch.setenv(name, value)
    assert main(["doctor"]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("WRONG")
    assert remedy in last


def test_it_notices_a_clock_that_is_off() -> None:
    date = "Thu, 01 Jan 1970 00:01:00 GMT"
    assert agentic_client._clock(date, 62.0)[0]
    fine, _, text = agentic_client._clock(date, 3660.0)
    assert not fine
    assert text.startswith("3600 s ahead of the platform's")


def test_it_runs_only_what_is_an_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "no_agent_here.py").write_text("agent = 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["run", "no_agent_here:agent"]) == 1
    assert "is not an Agent; say module:variable" in capsys.readouterr().err
