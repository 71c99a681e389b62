"""What the environment says, checked once at the start, with a clear word where it is wrong."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import Env

# Keys that were published somewhere: whoever reads the same page can sign with them.
WELL_KNOWN = frozenset(
    {
        "dev-secret-key-change-in-production",
        "changeme",
        "change-me",
        "secret",
        "your-secret-key",
        "your-256-bit-secret",
        "django-insecure",
        "change_me",
        "a-string-secret-at-least-256-bits-long",
        "your-super-secret",
        "super-secret",
        "supersecret",
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    }
)
SHORTEST_KEY = 32
POOL = {"min_size": 1, "max_size": 10, "timeout": 5}


def signing_key(name: str, value: str, *, embedded: bool, data_dir: Path) -> str:
    """The key called `name`: from the environment, or in the embedded default a random one that is kept."""
    if not value and embedded:
        return kept_key(data_dir / f"{name.lower()}.key")
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set: give it {SHORTEST_KEY} random characters or more."
        )
    refuse_weak(name, value)
    return value


def optional_key(name: str, value: str) -> str:
    """A key that need not be there, and must be as good as any other when it is."""
    if value:
        refuse_weak(name, value)
    return value


def refuse_weak(name: str, value: str) -> None:
    if len(value) < SHORTEST_KEY:
        raise ImproperlyConfigured(
            f"{name} is too short: it takes {SHORTEST_KEY} characters or more."
        )
    if any(value.lower().startswith(known) for known in WELL_KNOWN):
        raise ImproperlyConfigured(f"{name} is a well-known default: make a random one.")


def refuse_equal(**keys: str) -> None:
    """What one key is good for must not be open to whoever learns another."""
    for (one, value), (other, same) in combinations(keys.items(), 2):
        if value and value == same:
            raise ImproperlyConfigured(f"{one} and {other} are the same: make two random ones.")


def refuse_below_one(**numbers: int) -> None:
    """Whoever writes 0 may mean none, or no limit: neither is to be had, and to guess would lock everybody out."""
    for name, value in numbers.items():
        if value < 1:
            raise ImproperlyConfigured(f"{name} is {value}: it takes 1 or more.")


def kept_key(path: Path) -> str:
    """A random key in a file that only its owner reads; made once, so that tokens outlive a restart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Written whole before it gets its name: a process that starts in the same moment reads all or nothing.
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            with suppress(FileExistsError):
                path.hardlink_to(file.name)
    return path.read_text().strip()


def dotted_paths(name: str, text: str, *, ours: Iterable[str]) -> dict[str, str]:
    """`name=dotted.path,name=dotted.path` as a dict; the names of ours are taken."""
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        key, _, path = (part.strip() for part in pair.partition("="))
        if not key or "." not in path or not all(map(str.isidentifier, path.split("."))):
            raise ImproperlyConfigured(f"{name}: {pair!r} is not name=dotted.path.")
        if key in ours or key in found:
            raise ImproperlyConfigured(f"{name}: there is a {key!r} already, take another name.")
        found[key] = path
    return found


NO_MAIL = {
    "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
    "EMAIL_HOST": "",
    "EMAIL_PORT": 25,
    "EMAIL_HOST_USER": "",
    "EMAIL_HOST_PASSWORD": "",
    "EMAIL_USE_TLS": False,
    "EMAIL_USE_SSL": False,
    "EMAIL_FILE_PATH": "",
}


def mail(url: str) -> dict[str, Any]:
    """Django's settings for the e-mail server at `url`; without one nothing is ever sent."""
    try:
        said: dict[str, Any] = Env.email_url_config(url) if url else {}
    except (ImproperlyConfigured, ValueError) as error:
        raise ImproperlyConfigured(f"EMAIL_URL: {error}") from error
    return {**NO_MAIL, **{name: value for name, value in said.items() if value is not None}}


def own_address(url: str) -> str:
    """Where people reach the platform, without a slash at its end; empty when nobody has said."""
    parts = urlsplit(url)
    if url and (parts.scheme not in {"http", "https"} or not parts.netloc):
        raise ImproperlyConfigured(f"PUBLIC_URL: {url!r} does not begin with https:// and a host.")
    return url.rstrip("/")


def database(url: str, *, data_dir: Path) -> dict[str, Any]:
    """Django's settings for `url`; SQLite in the data folder when there is none."""
    if not url:
        return sqlite(data_dir / "agentic.sqlite3")
    parts = urlsplit(url)
    scheme = parts.scheme.split("+")[0]
    if scheme == "sqlite":
        return sqlite(Path(unquote(parts.path)))
    if scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"DATABASE_URL: {scheme!r} is neither postgresql nor sqlite.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,  # the pool keeps connections, not the threads
        "OPTIONS": {
            "pool": POOL,
            "connect_timeout": 5,
            "application_name": "agentic",
            # To read and plan a statement takes as long as to carry it out: each connection does it once.
            "server_side_binding": True,
            "prepare_threshold": 3,
            # For disks that need no arm: the plan that is kept looks rows up by index, however few there were by then.
            "options": "-c random_page_cost=1.1 -c jit=off",
        },
    }


def sqlite(path: Path) -> dict[str, Any]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {
            # A write transaction takes its lock at once: no upgrade, hence no deadlock of two readers.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # With recursive triggers INSERT OR REPLACE meets the guard of an append-only table, too.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
            " PRAGMA recursive_triggers=ON;",
        },
    }
