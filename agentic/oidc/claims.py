"""A person as the provider tells of them: text that can be kept and shown, whatever was sent."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from agentic.oidc.errors import Refused

LONGEST_SUBJECT = 255  # by the standard
LONGEST_EMAIL = 254
MOST_GROUPS = 1000


class Person(NamedTuple):
    issuer: str
    subject: str
    email: str
    email_verified: bool
    groups: frozenset[str]
    username: str
    first_name: str
    last_name: str


def person_from(id_claims: dict[str, Any], userinfo: dict[str, Any]) -> Person:
    """What the id token says goes before what userinfo says. An address and its proof come from the same of the two."""
    claims = userinfo | id_claims
    told_by = id_claims if "email" in id_claims else userinfo
    email = email_from(told_by.get("email"))
    return Person(
        issuer=id_claims["iss"],
        subject=subject_from(id_claims["sub"]),
        email=email,
        # The word "true" or a 1 is no promise.
        email_verified=bool(email) and told_by.get("email_verified") is True,
        groups=groups_from(claims.get(settings.OIDC_GROUPS_CLAIM)),
        username=text_from(claims.get("preferred_username"), 150),
        first_name=text_from(claims.get("given_name"), 150),
        last_name=text_from(claims.get("family_name"), 150),
    )


def subject_from(value: object) -> str:
    """Never mended: two people must not become one."""
    text = value if isinstance(value, str) else ""
    if not (0 < len(text) <= LONGEST_SUBJECT and text.isascii() and text.isprintable()):
        raise Refused("id token: the subject is no printable ASCII text of up to 255 characters")
    return text


def email_from(value: object) -> str:
    """An address in plain ASCII, and never mended: letters of other scripts look like, and compare as, others'."""
    text = value if isinstance(value, str) and value.isascii() and value.isprintable() else ""
    try:
        validate_email(text)
    except ValidationError:
        return ""
    return text if len(text) <= LONGEST_EMAIL else ""


def groups_from(value: object) -> frozenset[str]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list):
        return frozenset()
    return frozenset(group for group in listed[:MOST_GROUPS] if isinstance(group, str))


def text_from(value: object, longest: int) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(letter for letter in value if letter.isprintable()).strip()[:longest]
