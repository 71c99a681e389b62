"""Calls to the provider: bounded in time and size, no redirect followed, JSON objects only."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import httpx
import msgspec

from agentic.oidc.errors import ProviderDown

SECONDS = 5.0  # of silence at each step, and for the whole body, however slowly it drips
LARGEST = 512 * 1024  # bytes


class Answer(NamedTuple):
    status: int
    body: dict[str, Any]


def get(url: str, *, bearer: str = "") -> Answer:
    headers = {"Accept": "application/json"}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    return call("GET", url, headers=headers)


def post_form(url: str, form: dict[str, str], *, headers: dict[str, str]) -> Answer:
    return call("POST", url, data=form, headers={"Accept": "application/json", **headers})


def call(method: str, url: str, **request: Any) -> Answer:
    """The answer, whatever its status; ProviderDown when there is none, or none that can be read."""
    try:
        with httpx.stream(
            method, url, timeout=SECONDS, follow_redirects=False, **request
        ) as answer:
            return Answer(answer.status_code, decoded(whole(answer)))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ProviderDown(f"no answer: {type(error).__name__}") from error


def whole(answer: httpx.Response) -> bytes:
    end = time.monotonic() + SECONDS
    body = b""
    for chunk in answer.iter_bytes():
        body += chunk
        if len(body) > LARGEST or time.monotonic() > end:
            raise ProviderDown("its answer is too long, or too slow")
    return body


def decoded(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderDown("its answer is not a JSON object") from error
