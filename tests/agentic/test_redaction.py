"""What opens a door is not in a line of a log, and the rest of the line is."""

from __future__ import annotations

import io
import itertools
import json
import logging
import logging.config
import secrets
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import hypothesis
import jwt
import msgspec
import pytest
from django.conf import settings
from hypothesis import strategies as st

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
        ("OIDC_CLIENT_SECRET={}", "a,b)c;d"),
        ("JWT_PREVIOUS_SECRET_KEY: {}", OPAQUE),
        ("old_password=x&new_password1={}&new_password2=y", "s3cr3t-word"),
        ("<QueryDict: {{'new_password2': ['{}']}}>", "a long enough passphrase"),
        (r'body: "{{\"password\": \"{}\"}}"', "a long passphrase"),
        (r'{{"password": "{}", "n": 1}}', r"with \"a quote\" in it"),
        ('{{"apiKey": "{}"}}', "k3y"),
        ("[(b'authorization', b'Bearer {}')]", "abc"),
        ("Authorization: Bearer {}", "abc"),
        ("Authorization: {}", OPAQUE),
        ("called with Bearer {}", "x1"),
        ("'HTTP_COOKIE': 'sessionid={}; a=1'", OPAQUE),
        ("GET /sign-in?next=%2Fx%3Ftoken%3D{} HTTP/1.1", JWT),
        ("GET /sign-in?next=%2Fx%3Fa%3D1%26token%3D{}&x=1 HTTP/1.1", OPAQUE),
        ("GET /sign-in?next=%2Fsign-in%3Fnext%3D%252Fx%253Fkey%253D{} HTTP/1.1", KEY),
        ("GET /sign-in?next=%2Foidc%2Fcallback%3Fcode%3D{} HTTP/1.1", OPAQUE),
        ("GET /x?headers=Bearer%20{} HTTP/1.1", JWT),
        ("it was cut off: {{'password': '{}", "a long enough passphr"),
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
        "GET /sign-in?next=%2Ftasks%3Fstate%3Dqueued%26limit%3D50 HTTP/1.1",
        "token_type=bearer, expires_in=600",
        "authorization_endpoint: https://id.example.org/authorize",
    ],
)
def test_a_harmless_line_stays_as_it_is(line: str) -> None:
    assert redact(line) == line


# A secret is told apart from all else by these two, which stand before and after whatever is odd in it.
BEGIN, END = "qZ7k", "Xw3v"
letters = st.one_of(
    st.sampled_from("'\"\\\\ ,;:=&{}[]()\n"), st.characters(exclude_categories=["Cs"])
)
odd = st.text(letters, max_size=12)
plain = st.text("abcXYZ019,;:)}]'\"\\\\/+-._~", max_size=12)
names = st.sampled_from(
    (
        "password", "new_password1", "password2", "OIDC_CLIENT_SECRET", "SECRET_KEY", "JWT_PREVIOUS_SECRET_KEY",
        "refresh_token", "accessToken", "csrfmiddlewaretoken", "X-Api-Key", "api_key", "PGPASSWORD", "code_verifier",
    )
)  # fmt: skip
Pair = dict[str, str]


def in_json(pair: Pair) -> str:
    return json.dumps({"a": 1, **pair, "b": "c"})


QUOTED: dict[str, Callable[[Pair], str]] = {
    "json": in_json,
    "compact json": lambda pair: msgspec.json.encode(pair).decode(),
    "json in json": lambda pair: json.dumps({"body": in_json(pair)}),
    "json in json in json": lambda pair: json.dumps([json.dumps([in_json(pair)])]),
    "a dict": str,
    "a dict of lists": lambda pair: str({name: [one] for name, one in pair.items()}),
    "pairs": lambda pair: str(list(pair.items())),
    "pairs of bytes": lambda pair: str([(n.encode(), one.encode()) for n, one in pair.items()]),
    "json as text": lambda pair: f"got {in_json(pair)!r}",
    "a form": urlencode,
    "an address": lambda pair: f'"GET /x?a=1&{urlencode(pair)}&b=2 HTTP/1.1" 200',
    "a call": lambda pair: ", ".join(f"{name}={one!r}" for name, one in pair.items()),
}
BARE: dict[str, Callable[[Pair], str]] = {
    "the environment": lambda pair: " ".join(f"{name}={one}" for name, one in pair.items()),
    "yaml": lambda pair: "\n".join(f"{name}: {one}" for name, one in pair.items()),
}


def no_secret_in(line: str) -> bool:
    cleaned = redact(line)
    return BEGIN not in cleaned and END not in cleaned


@pytest.mark.parametrize("spelling", QUOTED)
@hypothesis.settings(derandomize=True, max_examples=60, deadline=None)
@hypothesis.given(names=st.lists(names, min_size=1, max_size=3, unique=True), odd=odd)
def test_no_secret_comes_out_however_odd_it_is(spelling: str, names: list[str], odd: str) -> None:
    assert no_secret_in(QUOTED[spelling](dict.fromkeys(names, BEGIN + odd + END)))


@pytest.mark.parametrize("spelling", BARE)
@hypothesis.settings(derandomize=True, max_examples=60, deadline=None)
@hypothesis.given(names=st.lists(names, min_size=1, max_size=3, unique=True), plain=plain)
def test_nor_without_quotes(spelling: str, names: list[str], plain: str) -> None:
    assert no_secret_in(BARE[spelling](dict.fromkeys(names, BEGIN + plain + END)))


@hypothesis.settings(derandomize=True, max_examples=60, deadline=None)
@hypothesis.given(
    header=st.sampled_from(("{}: {} {}", "'{}': '{} {}'", "(b'{}', b'{} {}')", '"{}": ["{} {}"]')),
    scheme=st.sampled_from(("Bearer", "bearer", "Basic", "Digest", "Token")),
    value=st.text("abcXYZ019-._~+/", max_size=6),
)
def test_nor_in_a_header_however_short(header: str, scheme: str, value: str) -> None:
    assert no_secret_in(header.format("authorization", scheme, BEGIN + value + END))


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
