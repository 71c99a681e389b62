"""What opens a door is not in a line of a log, and the rest of the line is."""

from __future__ import annotations

import io
import itertools
import logging
import logging.config
import secrets
from collections.abc import Iterator

import jwt
import pytest
from django.conf import settings

from agentic.redaction import HIDDEN, redact
from agents.keys import make_secret

KEY = make_secret().text
REFRESH = f"aar_{secrets.token_urlsafe(32)}"
JWT = jwt.encode({"sub": "ada", "exp": 1}, "k" * 40, algorithm="HS256")
OPAQUE = secrets.token_urlsafe(32)


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ('"WebSocket /api/v1/oversight/ws?token={}" [accepted]', JWT),
        ("GET /api/v1/oversight/ws?since=7&token={}&x=1 HTTP/1.1", OPAQUE),
        ("< Authorization: Bearer {}", JWT),
        ("< authorization: bearer {}", OPAQUE),
        ("{{'Authorization': 'Bearer {}'}}", KEY),
        ("Authorization: Basic {}", "YWRhOnNlY3JldHNlY3JldA=="),
        ("the key {} was used", KEY),
        ("refresh: {}", REFRESH),
        ("cut off: {}", JWT[:30]),
        ("postgresql://agentic:{}@postgres:5432/agentic", "s3cr3t-word"),
        ("redis://:{}@redis:6379/0", "s3cr3t-word"),
        ("postgresql://agentic:{}@postgres:5432/agentic", "with@sign"),
        ("connection failed: host=db password={} dbname=x", "s3cr3t-word"),
        ("username=ada&password={}&grant_type=password", "a+long+enough"),
        ('{{"username": "ada", "password": "{}"}}', "a long enough passphrase"),
        ("{{'refresh_token': '{}', 'n': 1}}", OPAQUE),
        ("/oidc/callback?code={}&state=xyz", OPAQUE),
        ("/oidc/sign-out?x=1&id_token_hint={}", OPAQUE),
        ("client_secret={}", OPAQUE),
        ("< Cookie: csrftoken=abc; sessionid={}; other=1", OPAQUE),
        ("Set-Cookie: sessionid={}; HttpOnly", OPAQUE),
        ("SECRET_KEY={}", OPAQUE),
    ],
    ids=itertools.count(),  # the secrets are others each time, and every process must collect the same
)
def test_a_secret_is_not_in_the_line(line: str, secret: str) -> None:
    said = line.format(secret)
    assert secret in said
    cleaned = redact(said)
    assert secret not in cleaned
    assert secret.split("@")[-1] not in cleaned.replace("@postgres", "")
    assert HIDDEN in cleaned


@pytest.mark.parametrize(
    "line",
    [
        "unhandled error at /api/v1/decisions/task/01a203d5-488b-74b0-a4da-c46297956764",
        "connection closed with code=1006, no close frame",
        "KeyError: 'label'",
        "a refresh token was used twice",
        "Bearer is the scheme of people and agents",
        "12 tasks moved; state=queued",
        "connection to server at 127.0.0.1, port 5432 failed: password authentication failed",
        "GET /api/v1/decisions/tasks?state=queued&limit=50",
    ],
)
def test_a_harmless_line_stays_as_it_is(line: str) -> None:
    assert redact(line) == line


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged as the settings have it. The test's own handlers are put back."""
    root, stream = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    logging.config.dictConfig(settings.LOGGING)
    (console,) = (handler for handler in root.handlers if handler not in before)
    monkeypatch.setattr(console, "stream", stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def fail(secret: str) -> None:
    raise RuntimeError(f"cannot reach redis://:{secret}@10.0.0.7/0")


def test_a_traceback_is_cleaned_too(written: io.StringIO) -> None:
    try:
        fail(OPAQUE)
    except RuntimeError:
        logging.getLogger("anybody").exception("called with %s", KEY, stack_info=True)
    text = written.getvalue()
    for readable in ("Traceback", "10.0.0.7", "Stack (most recent call last)", "called with aap_"):
        assert readable in text
    for secret in (KEY, OPAQUE):
        assert secret not in text


@pytest.mark.parametrize(
    "name", ["uvicorn", "uvicorn.error", "uvicorn.access", "_granian", "granian.access"]
)
def test_a_server_that_came_with_its_own_handlers_writes_through_ours(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, logger = io.StringIO(), logging.getLogger(name)
    monkeypatch.setattr(logger, "handlers", [logging.StreamHandler(own)])
    monkeypatch.setattr(logger, "propagate", False)
    written: io.StringIO = request.getfixturevalue("written")  # the settings come second
    logger.error('"WebSocket /api/v1/oversight/ws?token=%s" [accepted]', OPAQUE)
    assert (own.getvalue(), OPAQUE in written.getvalue()) == ("", False)
    assert f"token={HIDDEN}" in written.getvalue()
