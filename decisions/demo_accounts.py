"""The accounts and agents of the demo: the one part of it that writes to the database."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from django.contrib.auth.models import Group

from agentic.actors import Source, system
from agentic.last_admin import LastAdmin
from agentic.models import User
from agentic.people import changing, create_person
from agentic.roles import Role
from agents.authentication import live_keys
from agents.keys import digest_of
from agents.models import Agent, AgentStatus
from agents.services import issue_key, register_agent, revoke_key, set_status

STAFF = {Role.ADMIN, Role.AGENT_MANAGER}
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is taken for something else
PASSWORD_LENGTH = 16
CAPABILITIES = ("digits",)

Passwords = dict[str, str]
Keys = dict[str, str]


class Kept:
    """Passwords and keys that outlive a stop, in a file that only its owner reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        kept = json.loads(path.read_text()) if path.exists() else {}
        self.passwords: Passwords = kept.get("passwords", {})
        self.keys: Keys = kept.get("keys", {})

    def save(self) -> None:
        text = json.dumps({"passwords": self.passwords, "keys": self.keys}, indent=2)
        new = self.path.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        new.replace(self.path)


def make_password() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(PASSWORD_LENGTH))


def ensure_person(name: str, role: Role, password: str) -> User:
    """An account with this role, that opens with this password."""
    actor, is_staff = system(Source.COMMAND), role in STAFF
    known = User.objects.filter(username=name).first()
    if known is None:
        # E-mail for it is printed where the platform runs.
        return create_person(
            actor=actor,
            name=name,
            password=password,
            email=f"{name}@localhost",
            is_staff=is_staff,
            roles=[role.value],
        )
    with changing(known.pk, actor=actor) as user:
        user.is_staff, user.is_active = is_staff, True
        user.set_password(password)
        user.save(update_fields=("is_staff", "is_active", "password"))
        user.groups.set(Group.objects.filter(name=role.value))
    return user


def ensure_people(people: Mapping[str, Role], kept: Passwords) -> Passwords:
    """Accounts as they were, made where missing. What somebody else made or changed is left alone, and left out."""
    there = {user.username: user for user in User.objects.filter(username__in=people)}
    for name in people.keys() - there.keys():
        kept[name] = make_password()
        there[name] = ensure_person(name, people[name], kept[name])
    return {name: kept[name] for name in people if there[name].check_password(kept.get(name, ""))}


def ensure_agents(names: Iterable[str], kept: Keys) -> Keys:
    """Agents with a key that opens, as they were where that is so."""
    keys: Keys = {}
    for name in names:
        agent = Agent.objects.filter(name=name).first() or new_agent(name)
        digest = digest_of(kept.get(name, ""))
        if not live_keys().filter(agent=agent, secret_sha256=digest).exists():
            kept[name] = issue_key(actor=system(Source.COMMAND), agent_id=agent.pk).secret
        keys[name] = kept[name]
    return keys


def new_agent(name: str) -> Agent:
    return register_agent(actor=system(Source.COMMAND), name=name, capabilities=CAPABILITIES)


def close_people(names: Iterable[str]) -> None:
    """They cannot sign in any more; what they did keeps their names."""
    for pk in User.objects.filter(username__in=names).values_list("pk", flat=True):
        try:
            close(pk)
        except LastAdmin:
            lock_out(pk)


def close(pk: UUID) -> None:
    with changing(pk, actor=system(Source.COMMAND)) as user:
        user.is_active = False
        user.save(update_fields=("is_active",))


def lock_out(pk: UUID) -> None:
    """Somebody has to be an admin: the account stays, with a password that nobody knows."""
    with changing(pk, actor=system(Source.COMMAND)) as user:
        user.set_password(make_password())
        user.save(update_fields=("password",))


def rest_agents(names: Iterable[str]) -> None:
    """They have stopped: from now on nobody gives them work, instead of once they have been silent for long enough."""
    actor = system(Source.COMMAND)
    for agent_id in Agent.objects.filter(name__in=names).values_list("pk", flat=True):
        status, reason = AgentStatus.OFFLINE, "stopped with the demo"
        set_status(actor=actor, agent_id=agent_id, status=status, reason=reason)


def revoke_keys(keys: Keys) -> None:
    digests = [digest_of(secret) for secret in keys.values()]
    for key in live_keys().filter(secret_sha256__in=digests):
        revoke_key(actor=system(Source.COMMAND), agent_id=key.agent_id, key_id=key.pk)


@contextmanager
def visitors(people: Mapping[str, Role], agents: Iterable[str]) -> Iterator[tuple[Passwords, Keys]]:
    """Accounts and keys for one visit: made at its beginning, of no use after its end."""
    passwords = {name: make_password() for name in people}
    for name, role in people.items():
        ensure_person(name, role, passwords[name])
    keys = ensure_agents(agents, {})
    try:
        yield passwords, keys
    finally:
        close_people(people)
        revoke_keys(keys)
        rest_agents(keys)
