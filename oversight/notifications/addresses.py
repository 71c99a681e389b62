"""Addresses as people type them in: what can be refused without asking anybody is refused at once."""

from __future__ import annotations

import re
import socket
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from agentic.errors import Invalid
from oversight.notifications.outside import POINTS_INSIDE, is_outside

LONGEST = 1000
SHOWN = 4  # of the end of an address
# A name as name servers have them, or a number with colons.
LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
HOST = re.compile(rf"({LABEL}\.)*{LABEL}\.?|[0-9a-f:.]+")
HIGHEST_PORT = 65_535


def checked_webhook(typed: str) -> str:
    """The address in its plain spelling; Invalid names what is wrong. What a name stands for shows when it is sent."""
    try:
        url = httpx.URL(typed.strip())
    except (httpx.InvalidURL, UnicodeError) as error:
        raise Invalid(address="is no address of the web") from error
    if reason := wrong_with(url, str(url)):
        raise Invalid(address=reason)
    return str(url)


def wrong_with(url: httpx.URL, text: str) -> str:
    schemes = {"https", "http"} if settings.WEBHOOK_ALLOW_PRIVATE else {"https"}
    if url.scheme not in schemes:
        return f"begins with {' or '.join(f'{scheme}://' for scheme in sorted(schemes))}"
    if not HOST.fullmatch(url.raw_host.decode()) or (url.port or 1) > HIGHEST_PORT:
        return "names no host"
    if len(text) > LONGEST:
        return f"has more than {LONGEST} characters"
    if url.userinfo or url.fragment:
        return "has neither a name before an @ nor a part after a #"
    if not settings.WEBHOOK_ALLOW_PRIVATE and is_plainly_inside(url.host):
        return POINTS_INSIDE
    return ""


def is_plainly_inside(host: str) -> bool:
    """Without asking a name server: numbers in any spelling, and names that only a house knows."""
    name = host.rstrip(".").lower()
    try:
        found = socket.getaddrinfo(name, 443, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return "." not in name or name.endswith(".localhost")
    return not all(is_outside(str(entry[4][0])) for entry in found)


def shown(address: str) -> str:
    """Enough of a webhook's address to know it again: the rest may be a secret."""
    parts = urlsplit(address)
    rest = f"{parts.path}{parts.query}".strip("/")
    return f"{parts.scheme}://{parts.netloc}/" + (f"…{rest[-SHOWN:]}" if rest else "")


def checked_email(typed: str) -> str:
    try:
        validate_email(typed.strip())
    except ValidationError as error:
        raise Invalid(address="is no e-mail address") from error
    return typed.strip()
