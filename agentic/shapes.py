"""Bodies of the calls about signing in."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Secret = Annotated[str, Meta(min_length=1, max_length=200)]


class Credentials(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """As a client of OAuth 2.0 sends them; what it says beside name and password makes no difference here."""

    username: Annotated[str, Meta(min_length=1, max_length=320)]
    password: Annotated[str, Meta(min_length=1, max_length=4096)]
    grant_type: str = "password"
    scope: str = ""
    client_id: str = ""
    client_secret: str = ""


class Refreshing(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """As a client of OAuth 2.0 sends it, likewise."""

    refresh_token: Secret
    grant_type: str = "refresh_token"
    scope: str = ""
    client_id: str = ""
    client_secret: str = ""


class Leaving(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Without one the access token in the header says which sign-in ends."""

    refresh_token: Secret | None = None


class ProviderAnswer(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the identity provider sent to the client's `redirect_uri`."""

    code: Annotated[str, Meta(min_length=1, max_length=4096)]
    state: Annotated[str, Meta(min_length=1, max_length=200)]
    iss: Annotated[str, Meta(max_length=500)] = ""
