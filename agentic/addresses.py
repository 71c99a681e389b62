"""Where a request comes from. Proxies are counted, not believed: anybody can send X-Forwarded-For."""

from __future__ import annotations

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    return address_behind(
        request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", "")
    )


def address_behind(peer: str, forwarded: str) -> str:
    """The address that the outermost of our own proxies saw; the peer's where there is none. Empty when unknown."""
    if settings.NUM_PROXIES:
        passed = [part.strip() for part in forwarded.split(",")]
        peer = passed[-min(settings.NUM_PROXIES, len(passed))] or peer
    try:
        return str(ip_address(peer))
    except ValueError:
        return ""
