"""The identity provider: where its endpoints are, and by which keys it signs."""

from __future__ import annotations

from functools import lru_cache

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.conf import settings

from agentic.oidc import wire
from agentic.oidc.environment import is_safe
from agentic.oidc.errors import NotEnabled, ProviderDown, Refused
from agentic.oidc.kept import Kept

ALGORITHMS = ("RS256", "ES256")
AGAIN = 60.0  # seconds between two looks for a key that is not known: anybody can name one
SMALLEST_RSA = 2048  # bits
MOST_KEYS = 50


class Discovery(msgspec.Struct, frozen=True):
    """What of the discovery document we use."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class Provider:
    """One for each process. It asks nothing before it has to: the start never waits for it."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.kept_discovery = Kept(self.fetch_discovery)
        self.kept_keys = Kept(self.fetch_keys)

    @property
    def discovery(self) -> Discovery:
        return self.kept_discovery.get()

    def fetch_discovery(self) -> Discovery:
        answer = wire.get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if answer.status != 200:
            raise ProviderDown(f"its discovery document answers {answer.status}")
        try:
            found = msgspec.convert(answer.body, Discovery)
        except msgspec.ValidationError as error:
            raise ProviderDown("its discovery document lacks something") from error
        if found.issuer != self.issuer:
            raise ProviderDown("its discovery document is somebody else's")
        if not all(map(is_safe, endpoints(found))):
            raise ProviderDown("its discovery document names an address without https")
        return found

    def fetch_keys(self) -> list[jwt.PyJWK]:
        answer = wire.get(self.discovery.jwks_uri)
        listed = answer.body.get("keys")
        if answer.status != 200 or not isinstance(listed, list):
            raise ProviderDown(f"its keys answer {answer.status}")
        return [key for entry in listed[:MOST_KEYS] if (key := usable(entry))]

    def key(self, kid: str | None, algorithm: str) -> jwt.PyJWK:
        """The key that a token says it was signed with; without a name, the only one there is."""
        found = matching(self.kept_keys.get(), kid, algorithm) or matching(
            self.kept_keys.get(at_most=AGAIN), kid, algorithm
        )
        if len(found) != 1:
            raise Refused("id token: signed by a key that the provider does not list")
        return found[0]


def provider() -> Provider:
    if not settings.OIDC_ISSUER:
        raise NotEnabled
    return provider_at(settings.OIDC_ISSUER)


@lru_cache(maxsize=8)
def provider_at(issuer: str) -> Provider:
    return Provider(issuer)


def refuse_another_issuer(provider: Provider, said: str) -> None:
    """An answer may name who sends it (RFC 9207); where the provider promises to, one without is not its own."""
    needed = provider.discovery.authorization_response_iss_parameter_supported
    if (said or needed) and said != provider.issuer:
        raise Refused("answer: another issuer than ours")


def endpoints(found: Discovery) -> list[str]:
    needed = [found.authorization_endpoint, found.token_endpoint, found.jwks_uri]
    return needed + [url for url in (found.userinfo_endpoint, found.end_session_endpoint) if url]


def usable(entry: object) -> jwt.PyJWK | None:
    """The key, if it is for signatures, of a kind that we take, and strong; others are passed over."""
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    try:
        key = jwt.PyJWK(entry)
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, KeyError):
        return None
    return key if key.algorithm_name in ALGORITHMS and is_strong(key.key) else None


def is_strong(key: object) -> bool:
    if isinstance(key, RSAPublicKey):
        return key.key_size >= SMALLEST_RSA
    return isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)


def matching(keys: list[jwt.PyJWK], kid: str | None, algorithm: str) -> list[jwt.PyJWK]:
    fitting = [key for key in keys if key.algorithm_name == algorithm]
    return fitting if kid is None else [key for key in fitting if key.key_id == kid]
