"""The calls about signing in and about the audit log, as the API's document has them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from agentic import answers, shapes
from agentic.operations import Operation, Query, limit
from agentic.vocabulary import AuditAction

PERSON_ID = "019a0e5b-02aa-7c55-8e6e-0d6f2f7c1b44"
AUDIT = {
    "id": "019a0e7a-2d31-7c64-a5b8-9e4f6c1d8ccc", "number": 118, "action": "agent.key_issued", "entity_type": "agent",
    "entity_id": "019a0e5c-7a10-7c3e-9c41-5b2f6d0e8a11", "user_id": PERSON_ID,
    "details": {"after": {"prefix": "Qw7rT2xZ"}},
    "reason": "", "ip": "192.0.2.7", "source": "api", "actor_kind": "user", "actor_label": "ada",
    "created_at": "2026-01-05T08:00:00Z", "hash": "6f1e" + 60 * "0",
}  # fmt: skip
ME = {
    "id": PERSON_ID,
    "email": "rita@example.org",
    "name": "Rita Moreno",
    "roles": ["reviewer", "viewer"],
    "is_active": True,
}

TOKENS = {
    "access_token": "eyJhbGciOiJIUzI1NiIs…",
    "token_type": "bearer",
    "expires_in": 600,
    "refresh_token": "aar_pZ0…",
}

SIGN_IN = Operation(
    summary="Sign in by name and password",
    about="The name may be the e-mail address. After too many failures it is 429 for a while, with the right password "
    "too.",
    body=shapes.Credentials,
    example={"username": "rita", "password": "a long enough passphrase"},
    takes_forms=True,
    answer=answers.Tokens,
    answered=TOKENS,
    errors=(401,),
)
REFRESH = Operation(
    summary="Get a new pair of tokens",
    about="A refresh token is good once: a second use ends the sign-in, and all tokens that came from it.",
    body=shapes.Refreshing,
    example={"refresh_token": "aar_pZ0…"},
    takes_forms=True,
    answer=answers.Tokens,
    answered=TOKENS,
    errors=(401,),
)
SIGN_OUT = Operation(
    summary="Sign out",
    about="Ends the sign-in of the refresh token, or else of the access token in the header.",
    body=shapes.Leaving,
    example={"refresh_token": "aar_pZ0…"},
    takes_forms=True,
    answer=answers.SignedOut,
    answered={"status": "signed_out"},
    errors=(401,),
)
SHOW_OIDC = Operation(
    summary="Say whether and where one can sign in by OIDC",
    about="With `redirect_uri` a sign-in begins: send the person to `authorization_url`.",
    query=(
        Query(
            name="redirect_uri",
            type=Annotated[str, Meta(max_length=2000)],
            about="One of those that OIDC_REDIRECT_URIS names.",
        ),
    ),
    answer=answers.OidcConfig,
    answered={
        "enabled": True,
        "issuer": "https://id.example.org",
        "authorization_endpoint": "https://id.example.org/authorize",
        "client_id": "agentic",
    },
    errors=(502,),
)
SIGN_IN_BY_OIDC = Operation(
    summary="Sign in by OIDC",
    about="What the provider sent to the `redirect_uri`, for tokens of this platform. 404 where no provider is set up.",
    body=shapes.ProviderAnswer,
    example={"code": "SplxlOBeZQQYbYS6WxSbIA", "state": "af0ifjsldkj"},
    answer=answers.Tokens,
    answered=TOKENS,
    errors=(401, 403, 404, 502),
)
SHOW_ME = Operation(summary="Say who I am", answer=answers.Me, answered=ME)
LIST_AUDITS = Operation(
    summary="Read the audit log",
    about="Newest first.",
    query=(
        Query(
            name="entity_type", type=Annotated[str, Meta(max_length=200)], about="Of such things."
        ),
        Query(name="user_id", type=UUID, about="Done by this person."),
        Query(name="action", type=AuditAction, about="Of this kind."),
        limit(100, 500),
        Query(
            name="cursor",
            type=Annotated[int, Meta(ge=0, le=2**63 - 1)],
            about="The `next` of the page before.",
        ),
    ),
    answer=answers.AuditPage,
    answered={"audits": [AUDIT], "next": None},
)
