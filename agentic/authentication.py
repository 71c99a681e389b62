"""Who is calling: people by their access token."""

from __future__ import annotations

from rest_framework.authentication import get_authorization_header
from rest_framework.request import Request

from agentic.errors import NotAuthenticated
from agentic.fixed_query import ASKED_ID, FixedQuery
from agentic.models import User
from agentic.tokens import subject_of

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
    found = BY_ID.all(subject_of(token))
    if not found:
        raise NotAuthenticated("This account does not exist, or is not active.")
    user = User.from_db("default", PERSON_FIELDS, found[0][:-1])
    user.role_names = frozenset(row[-1] for row in found if row[-1])
    return user


BY_ID = FixedQuery(
    lambda: (
        User.objects.filter(pk=ASKED_ID, is_active=True)
        .order_by()
        .values_list(*PERSON_FIELDS, "groups__name")
    )
)
