"""Lock-out: after too many wrong passwords nobody gets in for a while, with the right password neither.

Accounts and addresses are counted apart. A place is taken before a password is looked at and given back afterwards, in
two short transactions of their own: the look itself, slow by design, holds no lock, and no guess is left uncounted
because something around it was rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from django.conf import settings
from django.db import connection, transaction

from agentic.actors import Actor
from agentic.audits import record
from agentic.clock import database_now
from agentic.errors import TooMany
from agentic.models import FailedSignIns, User
from agentic.models.failures import ACCOUNT, ADDRESS
from agentic.vocabulary import AuditAction

CHANGING = ("failures", "checking", "expires_at")
IPV6_NETWORK = 64  # bits: whoever has one address of such a network has them all


class LockedOut(TooMany):
    """Too many sign-ins have failed. Wait a while; the right password does not help before."""

    code = "locked_out"

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.wait = float(max(1, ceil(seconds)))


class Attempt:
    """Somebody says a name and a password. `user` is the account of this name, if there is one."""

    def __init__(self, actor: Actor, user: User | None) -> None:
        self.actor, self.user, self.succeeded = actor, user, False
        self.limits: dict[str, int] = {
            account_key(actor.label, user): settings.SIGN_IN_FAILURES_PER_ACCOUNT
        }
        if actor.ip:
            self.limits[address_key(actor.ip)] = settings.SIGN_IN_FAILURES_PER_ADDRESS

    def is_full(self, row: FailedSignIns) -> bool:
        return row.failures + row.checking >= self.limits[row.who]

    def is_locked(self, row: FailedSignIns, now: datetime) -> bool:
        return row.failures >= self.limits[row.who] and row.expires_at > now


def account_key(label: str, user: User | None) -> str:
    """One for all names of an account. A name that nobody has is counted as well: no answer tells which there are."""
    return ACCOUNT + (str(user.pk) if user else label)


def address_key(ip: str) -> str:
    address = ip_address(ip)
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or ip_network((int(address), IPV6_NETWORK), strict=False)[0]
    return f"{ADDRESS}{address}"


@contextmanager
def counted(attempt: Attempt) -> Iterator[None]:
    """Around the look at a password. Sets a limit to those who look at once; whoever leaves without success failed."""
    take_places(attempt)
    try:
        yield
    finally:
        give_places_back(attempt)


def refuse_locked(attempt: Attempt) -> None:
    """Before anything that costs: whoever is locked out waits for nobody, writes nothing and is answered at once."""
    now = database_now()
    for row in FailedSignIns.objects.filter(pk__in=attempt.limits):
        if attempt.is_locked(row, now):
            raise LockedOut((row.expires_at - now).total_seconds())


@transaction.atomic(durable=True)
def take_places(attempt: Attempt) -> None:
    now = database_now()
    for row in locked(sorted(attempt.limits)):
        forget_what_expired(row, now)
        if attempt.is_locked(row, now):
            raise LockedOut((row.expires_at - now).total_seconds())
        if attempt.is_full(row):
            raise TooMany("Many sign-ins are being looked at in this moment; try again.")
        row.checking += 1
        row.save(update_fields=CHANGING)


@transaction.atomic(durable=True)
def give_places_back(attempt: Attempt) -> None:
    now = database_now()
    rows = locked(sorted(attempt.limits))
    newly_locked = [row for row in rows if settled(row, attempt, now)]
    if not attempt.succeeded:
        tell(attempt, newly_locked)


def settled(row: FailedSignIns, attempt: Attempt, now: datetime) -> bool:
    """Whether the counter locks, now that it knows how the attempt ended."""
    forget_what_expired(row, now)
    row.checking = max(0, row.checking - 1)
    if not attempt.succeeded:
        row.failures += 1
    elif row.who.startswith(ACCOUNT):
        row.failures = 0  # but not the address's: whoever has one account there may guess at others
    locks = not attempt.succeeded and row.failures == attempt.limits[row.who]
    if locks:
        row.expires_at = now + lasting()
    row.save(update_fields=CHANGING)
    return locks


def tell(attempt: Attempt, newly_locked: list[FailedSignIns]) -> None:
    """One row for each failure; none for what is refused later, because of the lock."""
    actor, seconds = attempt.actor, settings.SIGN_IN_LOCKED_SECONDS
    account = ("user", str(attempt.user.pk) if attempt.user else "")
    record(AuditAction.SIGN_IN_FAILED, actor=actor, entity_type=account[0], entity_id=account[1])
    for row in newly_locked:
        kind, who = account if row.who.startswith(ACCOUNT) else ("address", actor.ip)
        record(
            AuditAction.SIGN_IN_LOCKED,
            actor=actor,
            entity_type=kind,
            entity_id=who,
            seconds=seconds,
        )


def forget_what_expired(row: FailedSignIns, now: datetime) -> None:
    if row.expires_at <= now:
        row.failures, row.checking, row.expires_at = 0, 0, now + lasting()


def lasting() -> timedelta:
    return timedelta(seconds=settings.SIGN_IN_LOCKED_SECONDS)


def locked(keys: list[str]) -> list[FailedSignIns]:
    """The counters of these names, made where missing, in one order for all, so that nobody waits in a circle."""
    expires_at = database_now() + lasting()
    fresh = [FailedSignIns(who=who, expires_at=expires_at) for who in keys]
    FailedSignIns.objects.bulk_create(fresh, ignore_conflicts=True)
    rows = FailedSignIns.objects.filter(pk__in=keys).order_by("pk")
    if connection.features.has_select_for_update:
        rows = rows.select_for_update()
    found = list(rows)
    # Between the two statements the clean-up may have taken one that had expired.
    return found if len(found) == len(keys) else locked(keys)
