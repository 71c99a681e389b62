"""What the sender has to read again and nobody else may: encrypted by a key that comes from SECRET_KEY."""

from __future__ import annotations

import base64
from functools import cache

import msgspec
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """SECRET_KEY was replaced since."""


class Webhook(msgspec.Struct, frozen=True):
    """Where to, and the secret that signs what is sent there."""

    address: str
    secret: str


def sealed(webhook: Webhook) -> bytes:
    return cipher(settings.SECRET_KEY).encrypt(msgspec.json.encode(webhook))


def opened(kept: bytes | memoryview[int]) -> Webhook:
    try:
        plain = cipher(settings.SECRET_KEY).decrypt(bytes(kept))
    except InvalidToken as error:
        raise Unreadable from error
    return msgspec.json.decode(plain, type=Webhook)


@cache
def cipher(secret_key: str) -> Fernet:
    key = HKDF(SHA256(), length=32, salt=None, info=b"agentic.notifications webhooks")
    return Fernet(base64.urlsafe_b64encode(key.derive(secret_key.encode())))
