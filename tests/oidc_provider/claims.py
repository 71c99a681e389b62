"""What the provider tells of a person: in the id token and by userinfo alike."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from oauth2_provider.oauth2_validators import OAuth2Validator

NOT_VERIFIED = "not-verified"  # a group of those whose address nobody has looked at


class Validator(OAuth2Validator):  # type: ignore[misc] # it carries no types
    oidc_claim_scope = None

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        user: AbstractBaseUser = request.user
        groups = set(user.groups.values_list("name", flat=True))  # type: ignore[attr-defined]
        return {
            "preferred_username": user.get_username(),
            "email": user.email,  # type: ignore[attr-defined]
            "email_verified": NOT_VERIFIED not in groups,
            "groups": sorted(groups - {NOT_VERIFIED}),
        }
