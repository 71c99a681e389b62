"""Whose account it is: by issuer and subject, and by an e-mail address only when the provider vouches for it."""

from __future__ import annotations

import logging
import re
import secrets
from dataclasses import replace

from django.conf import settings
from django.db import IntegrityError, transaction

from agentic.actors import Actor, ActorKind
from agentic.audits import record
from agentic.clock import Now
from agentic.errors import DomainError
from agentic.models import OidcIdentity, User
from agentic.oidc.claims import Person
from agentic.oidc.errors import InactiveAccount, NotEnabled, UnknownRequest
from agentic.oidc.group_roles import give_first_roles, give_mapped_roles
from agentic.people import changing, tell_created
from agentic.vocabulary import AuditAction

LONGEST_NAME = 40
# Anybody can come with a state that nobody knows: that is no sign-in, and fills no log.
NO_SIGN_IN = (NotEnabled, UnknownRequest)
NOT_IN_A_NAME = re.compile(r"[^a-z0-9._-]+")
logger = logging.getLogger(__name__)


def account_of(person: Person, door: Actor) -> User:
    """The account of whom the provider has proved to be there; InactiveAccount when it is closed.

    `door` is whoever knocked: its address and request go on the audits.
    """
    try:
        return found_or_made(person, door)
    except IntegrityError:
        # The same person came in twice at once, or somebody took the name: what is there now is looked at anew.
        return found_or_made(person, door)


@transaction.atomic
def found_or_made(person: Person, door: Actor) -> User:
    identity = known_identity(person)
    known = identity.user if identity else unlinked_account(person)
    refuse_inactive(known)
    user = known or new_account(person)
    if identity is None:
        OidcIdentity.objects.create(user=user, issuer=person.issuer, subject=person.subject)
    OidcIdentity.objects.filter(issuer=person.issuer, subject=person.subject).update(
        email=person.email, last_sign_in_at=Now()
    )
    actor = as_themselves(user, door)
    if known is None:
        tell_created(user, actor=actor)
    elif settings.OIDC_ROLES:
        user = with_roles_of_now(user, person, actor)
    if identity is None:
        tell_linked(person, user, actor)
    return user


def known_identity(person: Person) -> OidcIdentity | None:
    known = OidcIdentity.objects.select_related("user")
    return known.filter(issuer=person.issuer, subject=person.subject).first()


def refuse_inactive(user: User | None) -> None:
    if user and not user.is_active:
        raise InactiveAccount


def unlinked_account(person: Person) -> User | None:
    """The one account with this address, if the provider vouches for it and nobody has linked it yet."""
    if not person.email_verified:
        return None
    same = accounts_with(person.email)
    if len(same) != 1 or same[0].oidc_identities.exists():
        return None
    # The database folds letters of other scripts into ours; we do not.
    return same[0] if same[0].email.lower() == person.email.lower() else None


def accounts_with(email: str) -> list[User]:
    return list(User.objects.filter(email__iexact=email)[:2])


def new_account(person: Person) -> User:
    """Without a password. An address that is not proved, or is another's, is not theirs to sign in by."""
    is_theirs = person.email_verified and not accounts_with(person.email)
    user = User.objects.create_user(
        free_name(person),
        person.email if is_theirs else "",
        first_name=person.first_name,
        last_name=person.last_name,
    )
    give_first_roles(user, person.groups)
    return user


def with_roles_of_now(user: User, person: Person, actor: Actor) -> User:
    with changing(user.pk, actor=actor) as current:
        refuse_inactive(current)
        last_admin_kept = give_mapped_roles(current, person.groups)
    if last_admin_kept:
        tell_kept(current, actor)
    return current


def free_name(person: Person) -> str:
    """A name that nobody has in whatever case, and that is nobody's address."""
    wanted = person.username or person.email
    name = NOT_IN_A_NAME.sub("-", wanted.partition("@")[0].lower()).strip("-._")[:LONGEST_NAME]
    name = name or "user"
    if User.objects.filter(username__iexact=name).exists():
        return f"{name}-{secrets.token_hex(3)}"
    return name


def as_themselves(user: User, door: Actor) -> Actor:
    return replace(door, kind=ActorKind.USER, id=user.pk, label=user.username)


def tell_linked(person: Person, user: User, actor: Actor) -> None:
    record(
        AuditAction.IDENTITY_LINKED,
        actor=actor,
        entity_type="user",
        entity_id=user.pk,
        issuer=person.issuer,
        subject=person.subject,
    )


def tell_kept(user: User, actor: Actor) -> None:
    logger.warning(
        "%s has no group of an admin any more, and stays one: there is no other", user.pk
    )
    record(
        AuditAction.REFUSED,
        actor=actor,
        entity_type="user",
        entity_id=user.pk,
        reason="The groups take the role of admin from the last one who has it: it was kept.",
        rule="last_admin",
    )


def tell_failure(door: Actor, error: DomainError) -> None:
    """Nothing that a stranger said goes into the log, only what was wrong with it."""
    if isinstance(error, NO_SIGN_IN):
        return
    reason = getattr(error, "reason", error.detail)
    logger.info("a sign-in by OIDC failed: %s", reason)
    record(AuditAction.SIGN_IN_FAILED, actor=door, entity_type="user", reason=reason, method="oidc")
