"""What the environment says about the identity provider, checked once at the start."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

# As `agentic.roles.Role` has them, which settings cannot import; a test holds the two together.
ROLES = frozenset({"admin", "reviewer", "agent_manager", "viewer"})


def issuer(address: str, *, client_id: str) -> str:
    """The provider's address, to the letter as it names itself; empty when nobody signs in by OIDC."""
    if not address:
        return ""
    if not is_safe(address):
        raise ImproperlyConfigured("OIDC_ISSUER must be an https address (http only on loopback).")
    if not client_id:
        raise ImproperlyConfigured("OIDC_ISSUER is set, and OIDC_CLIENT_ID is not.")
    return address


def group_roles(text: str) -> dict[str, frozenset[str]]:
    """`group=role,group=role` as the roles of each group; a group may stand there more than once."""
    roles: dict[str, frozenset[str]] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        group, _, role = (part.strip() for part in pair.rpartition("="))
        if not group or role not in ROLES:
            raise ImproperlyConfigured(
                f"OIDC_ROLES: {pair!r} is not group=role, with a role of {', '.join(sorted(ROLES))}."
            )
        roles[group] = roles.get(group, frozenset()) | {role}
    return roles


def redirect_uris(addresses: Iterable[str]) -> frozenset[str]:
    """Where clients of the API may have the answer sent; a scheme of an app's own is allowed, plain http is not."""
    for address in addresses:
        parts = urlsplit(address)
        if not parts.scheme or parts.fragment or (parts.scheme == "http" and not is_safe(address)):
            raise ImproperlyConfigured(
                f"OIDC_REDIRECT_URIS: {address!r} is no address that an answer can safely go to."
            )
    return frozenset(addresses)


def is_safe(address: str) -> bool:
    """Whether nobody on the way can read along: https, or a host that is this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    )


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
