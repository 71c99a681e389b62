"""People, how they are known elsewhere, and their sign-ins."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agentic.ids import new_id


class User(AbstractUser):
    """A person who signs in. What they may do comes from their groups, read anew at each request."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    role_names: frozenset[str]  # once `agentic.roles` has read them

    class Meta:
        db_table = "users"

    @property
    def name(self) -> str:
        return self.get_full_name() or self.username


class OidcIdentity(models.Model):
    """A person as a provider knows them: by issuer and subject, never by an e-mail address."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="oidc_identities"
    )
    issuer = models.CharField(max_length=500)
    subject = models.CharField(max_length=255)
    email = models.EmailField(blank=True, help_text="As the provider told it last.")
    linked_at = models.DateTimeField(db_default=Now())
    last_sign_in_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "oidc_identities"
        verbose_name_plural = "OIDC identities"
        constraints = [
            models.UniqueConstraint(
                fields=("issuer", "subject"), name="oidc_identities_one_person"
            ),
            # One account has one identity at each provider: a second one is a take-over.
            models.UniqueConstraint(fields=("user", "issuer"), name="oidc_identities_one_each"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class OidcRequest(models.Model):
    """A sign-in by OIDC that a client of the API has begun: what its answer is held against, once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    state_sha256 = models.CharField(max_length=64, unique=True)
    nonce = models.CharField(max_length=100)
    code_verifier = models.CharField(max_length=128)
    redirect_uri = models.CharField(max_length=2000)
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "oidc_requests"
        indexes = [
            # The clean-up of those that were never answered.
            models.Index(fields=("expires_at",), name="oidc_requests_expiry"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class SignInMethod(models.TextChoices):
    PASSWORD = "password", "name and password"
    OIDC = "oidc", "an identity provider"


class SignIn(models.Model):
    """One sign-in and all tokens that come from it: they are good for as long as it has not ended.

    Access tokens carry its id, refresh tokens belong to it, and so does the session of a browser.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins"
    )
    method = models.CharField(max_length=10, choices=SignInMethod.choices)
    ip = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(help_text="Whatever was refreshed: then one signs in anew.")
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=100, blank=True)

    class Meta:
        db_table = "sign_ins"
        verbose_name = "sign-in"
        constraints = [
            models.CheckConstraint(
                condition=Q(method__in=SignInMethod.values), name="sign_ins_known_method"
            ),
        ]
        indexes = [
            # To end all of a person's sign-ins.
            models.Index(
                fields=("user",), condition=Q(ended_at__isnull=True), name="sign_ins_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} by {self.method}"


class RefreshToken(models.Model):
    """Good for one new pair of tokens. Only the digest of its secret is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    sign_in = models.ForeignKey(SignIn, on_delete=models.CASCADE, related_name="refresh_tokens")
    secret_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "refresh_tokens"
        indexes = [
            # The clean-up of those that have expired.
            models.Index(fields=("expires_at",), name="refresh_tokens_expiry"),
        ]

    def __str__(self) -> str:
        return str(self.id)
