"""Who is calling: people by their access token."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from rest_framework.authentication import get_authorization_header
from rest_framework.request import Request

from agentic.errors import NotAuthenticated
from agentic.fixed_query import ASKED_ID, FixedQuery, FixedSet, Row
from agentic.models import User
from agentic.sign_ins import open_sign_ins
from agentic.tokens import claims_of

NEEDED = {
    "id",
    "username",
    "first_name",
    "last_name",
    "email",
    "is_active",
    "is_staff",
    "is_superuser",
}
# In the order of the model's columns, as `from_db` wants them.
PERSON_FIELDS = tuple(
    field.attname for field in User._meta.concrete_fields if field.attname in NEEDED
)


def bearer_of(request: Request) -> str:
    """The bearer token of the request, or an empty string."""
    words = get_authorization_header(request).split()
    if len(words) != 2 or words[0].lower() != b"bearer":
        return ""
    return words[1].decode("ascii", errors="replace")


def person_of(token: str) -> User:
    """The active person that an access token stands for, with the roles of this moment."""
    claims = claims_of(token)
    user = signed_in(claims.sign_in_id)
    if user is None or user.pk != claims.user_id:
        raise NotAuthenticated("This sign-in has ended, or the account is not active.")
    return user


def signed_in(sign_in_id: UUID) -> User | None:
    """Whose sign-in it is, with their roles, in one query; None once it has ended or they are not active any more."""
    found = BY_SIGN_IN.all(sign_in_id)
    return with_roles(found) if found else None


def all_signed_in(sign_in_ids: Sequence[UUID]) -> dict[UUID, User]:
    """The same for several, by the sign-in; those that have ended are missing."""
    rows: dict[UUID, list[Row]] = {}
    for row in SIGNED_IN.of(sign_in_ids):
        rows.setdefault(row[0], []).append(row[1:])
    return {sign_in_id: with_roles(found) for sign_in_id, found in rows.items()}


def with_roles(found: Sequence[Row]) -> User:
    """A row for each role, or one without."""
    user = User.from_db("default", PERSON_FIELDS, found[0][:-1])
    user.role_names = frozenset(row[-1] for row in found if row[-1])
    return user


WANTED = (*(f"user__{name}" for name in PERSON_FIELDS), "user__groups__name")
BY_SIGN_IN = FixedQuery(lambda: open_sign_ins().filter(pk=ASKED_ID).order_by().values_list(*WANTED))
SIGNED_IN = FixedSet(
    lambda ids: open_sign_ins().filter(pk__in=ids).order_by().values_list("pk", *WANTED)
)
