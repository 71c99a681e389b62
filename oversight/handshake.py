"""What a socket says of itself before it opens: its token, where it wants to go on, and the page that it belongs to."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.http.request import validate_host

from agentic.addresses import address_behind

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
        query = parse_qs(scope.get("query_string", b"").decode(errors="replace"))
        offered = [one for one in scope.get("subprotocols", ()) if one.startswith(BEARER)]
        token = query.get("token", [""])[0] or header(scope, b"authorization")[len("Bearer ") :]
        if offered:
            token = offered[0].removeprefix(BEARER)
        since = query.get("since", [""])[0]
        client = scope.get("client") or ("",)
        return cls(
            token=token,
            since=int(since) if since.isascii() and since.isdigit() and len(since) < 19 else None,
            subprotocol=offered[0] if offered else None,
            ip=address_behind(str(client[0]), header(scope, b"x-forwarded-for")),
        )


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
