"""What a socket says of itself before it opens: its token, where it wants to go on, and the page that it belongs to."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.http import parse_cookie
from django.http.request import validate_host

from agentic.addresses import address_behind
from agentic.page_sessions import is_a_key

# A token as a subprotocol, `bearer.<token>`: unlike the address it stands in no log of a proxy.
BEARER = "bearer."
LOCAL = ["localhost", "127.0.0.1", "[::1]"]


@dataclass(frozen=True)
class Handshake:
    token: str = field(repr=False)
    since: int | None
    subprotocol: str | None
    ip: str

    @classmethod
    def of(cls, scope: MutableMapping[str, Any]) -> Handshake:
        query = query_of(scope)
        offered = [one for one in scope.get("subprotocols", ()) if one.startswith(BEARER)]
        token = query.get("token", [""])[0] or header(scope, b"authorization")[len("Bearer ") :]
        if offered:
            token = offered[0].removeprefix(BEARER)
        client = scope.get("client") or ("",)
        return cls(
            token=token,
            since=position_in(query),
            subprotocol=offered[0] if offered else None,
            ip=address_behind(str(client[0]), header(scope, b"x-forwarded-for")),
        )


@dataclass(frozen=True)
class PageHandshake:
    """What a page says: the session that its cookie names, where it was rendered, and whether it shows events."""

    session: str = field(repr=False)
    since: int | None
    has_feed: bool

    @classmethod
    def of(cls, scope: MutableMapping[str, Any]) -> PageHandshake:
        query = query_of(scope)
        session = parse_cookie(header(scope, b"cookie")).get(settings.SESSION_COOKIE_NAME, "")
        return cls(
            session=session if is_a_key(session) else "",
            since=position_in(query),
            has_feed=query.get("feed") == ["1"],
        )


def query_of(scope: MutableMapping[str, Any]) -> dict[str, list[str]]:
    return parse_qs(scope.get("query_string", b"").decode(errors="replace"))


def position_in(query: dict[str, list[str]]) -> int | None:
    since = query.get("since", [""])[0]
    return int(since) if since.isascii() and since.isdigit() and len(since) < 19 else None


def is_a_page_of_ours(scope: MutableMapping[str, Any]) -> bool:
    """Browsers always send an origin; and whoever brings a cookie has to."""
    return bool(header(scope, b"origin")) and origin_is_ours(scope)


def origin_is_ours(scope: MutableMapping[str, Any]) -> bool:
    """Whether the page that opens it is one of ours. Programs send no origin, and bring a token."""
    origin = header(scope, b"origin")
    if not origin:
        return True
    try:
        host = urlsplit(origin).hostname or ""
    except ValueError:
        return False
    return validate_host(host, settings.ALLOWED_HOSTS or LOCAL)


def header(scope: MutableMapping[str, Any], name: bytes) -> str:
    headers: dict[bytes, bytes] = dict(scope.get("headers", ()))
    return headers.get(name, b"").decode("latin-1")
