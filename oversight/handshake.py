"""What a socket says of itself before it opens: its token, where it wants to go on, and the page that it belongs to."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.http import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils.http import is_same_domain

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
    alarmed: int | None  # as `data-alarmed` told it
    has_feed: bool

    @classmethod
    def of(cls, scope: MutableMapping[str, Any]) -> PageHandshake:
        query = query_of(scope)
        session = parse_cookie(header(scope, b"cookie")).get(settings.SESSION_COOKIE_NAME, "")
        return cls(
            session=session if is_a_key(session) else "",
            since=position_in(query),
            alarmed=position_in(query, "alarmed"),
            has_feed=query.get("feed") == ["1"],
        )


def query_of(scope: MutableMapping[str, Any]) -> dict[str, list[str]]:
    return parse_qs(scope.get("query_string", b"").decode(errors="replace"))


def position_in(query: dict[str, list[str]], name: str = "since") -> int | None:
    said = query.get(name, [""])[0]
    return int(said) if said.isascii() and said.isdigit() and len(said) < 19 else None


def is_a_page_of_ours(scope: MutableMapping[str, Any]) -> bool:
    """Browsers always send an origin; and whoever brings a cookie has to."""
    return bool(header(scope, b"origin")) and origin_is_ours(scope)


def origin_is_ours(scope: MutableMapping[str, Any]) -> bool:
    """Whether the page that opens it is one of ours. Programs send no origin, and bring a token.

    By scheme, host and port, as for forms: whatever else answers on the same host is somebody else.
    """
    origin = header(scope, b"origin")
    return not origin or origin == own_origin(scope) or is_trusted(origin)


def own_origin(scope: MutableMapping[str, Any]) -> str:
    """What a browser calls the place that it was asked at; empty where the host is none of ours."""
    scheme, port = ("https", ":443") if is_secure(scope) else ("http", ":80")
    host = header(scope, b"host").lower().removesuffix(port)
    name, _ = split_domain_port(host)
    return f"{scheme}://{host}" if validate_host(name, settings.ALLOWED_HOSTS or LOCAL) else ""


def is_secure(scope: MutableMapping[str, Any]) -> bool:
    """Behind a proxy that ends TLS the proxy says so, as it does to Django."""
    if settings.SECURE_PROXY_SSL_HEADER:
        said = header(scope, b"x-forwarded-proto").partition(",")[0].strip()
        return bool(said == settings.SECURE_PROXY_SSL_HEADER[1])
    return scope.get("scheme") in {"wss", "https"}


def is_trusted(origin: str) -> bool:
    """`CSRF_TRUSTED_ORIGINS` as Django reads it: whole origins, and `https://*.example.org`."""
    return any(matches(origin, trusted) for trusted in settings.CSRF_TRUSTED_ORIGINS)


def matches(origin: str, trusted: str) -> bool:
    scheme, anything, domain = trusted.partition("://*")
    if not anything:
        return origin == trusted
    said, _, host = origin.partition("://")
    return said == scheme and is_same_domain(host, domain)


def header(scope: MutableMapping[str, Any], name: bytes) -> str:
    headers: dict[bytes, bytes] = dict(scope.get("headers", ()))
    return headers.get(name, b"").decode("latin-1")
