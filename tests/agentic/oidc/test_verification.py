"""Forged id tokens, each wrong in one respect."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agentic.oidc.errors import Refused
from agentic.oidc.provider import matching, usable
from agentic.oidc.verification import Expected, verified
from tests.agentic.oidc.liar import listed, rsa_key

ISSUER, CLIENT, NONCE = "https://id.example.org", "us", "n-1"
EXPECTED = Expected(ISSUER, CLIENT, NONCE)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
WEAK = jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key("weak", 1024).public_key(), as_dict=True)
EC_LISTED = jwt.algorithms.ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True) | {"kid": "ec"}
PUBLIC_PEM = rsa_key("real").public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1)


def key_for(kid: str | None, algorithm: str) -> jwt.PyJWK:
    keys = [key for entry in (listed("real"), EC_LISTED) if (key := usable(entry))]
    found = matching(keys, kid, algorithm)
    if not found:
        raise Refused("unknown")
    return found[0]


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    real = {"iss": ISSUER, "sub": "s", "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": NONCE}
    return {name: value for name, value in (real | changed).items() if value is not None}


def signed(said: dict[str, Any], key: Any = None, algorithm: str = "RS256", **header: Any) -> str:
    """Past the library's own scruples: it makes no token with an odd issuer."""
    payload, headers = json.dumps(said).encode(), {"kid": "real", "typ": "JWT"} | header
    return jwt.PyJWS().encode(payload, key or rsa_key("real"), algorithm, headers)


def check(token: str) -> dict[str, Any]:
    return verified(token, EXPECTED, key_for)


@pytest.mark.parametrize(
    "said", [{}, {"azp": CLIENT}, {"aud": [CLIENT]}, {"aud": [CLIENT, "x"], "azp": CLIENT}]
)
def test_a_token_as_the_provider_makes_it_passes(said: dict[str, Any]) -> None:
    assert check(signed(claims(**said)))["sub"] == "s"


def test_a_token_that_an_elliptic_curve_signed_passes() -> None:
    assert check(signed(claims(), EC_KEY, "ES256", kid="ec"))["sub"] == "s"


@pytest.mark.parametrize(
    "said",
    [
        {"iss": f"{ISSUER}/"},
        {"iss": "https://id.example"},
        {"iss": None},
        {"iss": [ISSUER]},
        {"aud": "them"},
        {"aud": [CLIENT, "them"]},
        {"aud": None},
        {"aud": {CLIENT: 1}},
        {"azp": "them"},
        {"azp": None, "aud": ["them", CLIENT]},
        {"azp": ["us"]},
        {"nonce": "n-2"},
        {"nonce": None},
        {"nonce": ["n-1"]},
        {"nonce": "\ud800"},
        {"exp": int(time.time()) - 31},
        {"exp": None},
        {"exp": "soon"},
        {"exp": float("inf")},
        {"iat": int(time.time()) + 3600},
        {"iat": int(time.time()) - 3600},
        {"iat": None},
        {"iat": float("nan")},
        {"nbf": int(time.time()) + 3600},
        {"sub": None},
        {"sub": 1},
    ],
    ids=itertools.count(),
)
def test_a_token_with_another_claim_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=r"^The identity provider's answer was not accepted"):
        check(signed(claims(**said)))


def unsigned(algorithm: str) -> str:
    parts = [{"alg": algorithm, "kid": "real"}, claims()]
    return (
        ".".join(jwt.utils.base64url_encode(json.dumps(p).encode()).decode() for p in parts) + "."
    )


@pytest.mark.parametrize(
    "token",
    [
        signed(claims(), rsa_key("another")),
        signed(claims(), rsa_key("another"), kid="another"),
        signed(claims(), rsa_key("another"), jwk=listed("another")),
        signed(claims(), "a secret that is long enough for it", "HS256"),
        signed(claims(), algorithm="RS512"),
        signed(claims(), algorithm="PS256"),
        signed(claims(), EC_KEY, "ES256"),
        unsigned("none"),
        unsigned("None"),
        unsigned("RS256"),
        signed(claims())[:-4],
        "",
        "a.b.c",
        "é.b.c",
        signed(claims()) + ".x",
    ],
    ids=itertools.count(),
)
def test_a_token_that_somebody_else_signed_is_refused(token: str) -> None:
    with pytest.raises(Refused):
        check(token)


def test_the_public_key_is_no_secret_to_sign_with() -> None:
    """Signed by hand: the library itself refuses to use a public key so."""
    head, body, _ = unsigned("HS256").split(".")
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    forged = mac.sign(f"{head}.{body}".encode(), PUBLIC_PEM)
    with pytest.raises(Refused):
        check(f"{head}.{body}.{jwt.utils.base64url_encode(forged).decode()}")


@pytest.mark.parametrize(
    "entry",
    [
        listed("real", use="enc"),
        listed("real", alg="RS512"),
        listed("real", n=5),
        WEAK,
        {"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"},
        {"kty": "EC", "crv": "P-521"},
        {"kty": "strange"},
        {},
        "text",
        None,
    ],
    ids=itertools.count(),  # the keys are others each time
)
def test_a_key_that_is_not_for_this_is_passed_over(entry: object) -> None:
    assert usable(entry) is None
