"""Credentials of agents: random, shown once, kept as a digest."""

from __future__ import annotations

import hashlib
import secrets
import string
from typing import NamedTuple

from django.db import models

MARK = "aap_"  # tells a key from a person's token
PREFIX_LENGTH = 8
SECRET_BYTES = 32  # 43 characters
# No dash and no underscore in the prefix: it is read aloud, and selected by a double click.
PREFIX_ALPHABET = string.ascii_letters + string.digits


class Scope(models.TextChoices):
    """What a key may be used for. A key without any may be used for all of it."""

    READ = "read", "Look at tasks and verdicts."
    WORK = "work", "Take tasks, work on them and hand in results."


class NewSecret(NamedTuple):
    prefix: str
    text: str

    @property
    def digest(self) -> str:
        return digest_of(self.text)


def make_secret() -> NewSecret:
    prefix = "".join(secrets.choice(PREFIX_ALPHABET) for _ in range(PREFIX_LENGTH))
    return NewSecret(prefix, f"{MARK}{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}")


def digest_of(key: str) -> str:
    """A plain digest is enough: nobody guesses 256 random bits, and each call of an agent pays for it."""
    return hashlib.sha256(key.encode()).hexdigest()
