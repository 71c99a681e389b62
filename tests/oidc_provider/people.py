"""Who is known to the provider, and the one client that it serves: our platform."""

from __future__ import annotations

from django.contrib.auth.models import Group, User
from oauth2_provider.models import Application

from tests.oidc_provider.claims import NOT_VERIFIED
from tests.oidc_provider.running import CLIENT_ID, CLIENT_SECRET, PASSWORD

PEOPLE = {
    "rosa": ("rosa@example.org", ["reviewers"]),  # her address is verified
    "vito": ("vito@example.org", []),
    "umar": ("rita@example.org", [NOT_VERIFIED]),  # says that he is somebody else
    "uma": ("rosa@example.org", [NOT_VERIFIED]),  # and so does she
    "olga": ("olga@example.org", ["platform-admins"]),
}


def set_up(redirect_uris: list[str]) -> None:
    for name, (email, groups) in PEOPLE.items():
        user = User.objects.create_user(name, email, PASSWORD)
        user.groups.set(Group.objects.get_or_create(name=group)[0] for group in groups)
    Application.objects.create(
        name="the platform",
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        algorithm=Application.RS256_ALGORITHM,
        redirect_uris=" ".join(redirect_uris),
        post_logout_redirect_uris=" ".join(redirect_uris),
        skip_authorization=True,
    )
