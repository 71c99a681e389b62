"""How fast a caller may call: so many times a minute for each, reading and writing counted apart.

A fixed window: the minute of the clock. The count is kept in Redis, so that all processes share it, and each process
takes a hundredth of the limit at a time: so most calls ask nobody. Where there is no Redis, or none that answers, each
process counts for itself. This is for fairness; what protects sign-ins is the lock-out, in the database.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from functools import cache
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Any, NamedTuple

import redis
from django.conf import settings
from django.http import HttpRequest
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from agentic.addresses import address_of
from agentic.errors import TooMany
from agentic.models import User

MINUTE = 60.0  # seconds
BLOCKS = 100  # that a limit is taken in
# A Redis that does not answer in time is left alone for so long: no minute costs more than one such wait.
REDIS_SECONDS, AWAY_SECONDS = 0.05, 60.0
IPV6_NETWORK = 64  # bits: whoever has one address of such a network has them all
logger = logging.getLogger(__name__)


class TooFast(TooMany):
    """Too many calls in this minute."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.wait = float(max(1, ceil(seconds)))
        super().__init__(f"At most {limit} such calls a minute: go on in {self.wait:.0f} s.")


class Allowance(NamedTuple):
    """Of whom, and how many calls a minute; 0 sets no limit."""

    who: str
    limit: int


class RateLimit(BaseThrottle):
    """Asked after who calls and whether they may. Raises TooFast, never anything else."""

    def allow_request(self, request: Request, view: Any) -> bool:
        scope = "read" if request.method in SAFE_METHODS else "write"
        user: Any = request.user
        if isinstance(user, User):
            spend_person(user, scope)
        elif user is not None:
            spend(Allowance(f"{scope}:agent:{user.id}", settings.RATE_PER_MINUTE_AGENT))
        elif scope == "write":
            spend_sign_in(request._request)  # whoever is nobody yet writes only to sign in
        else:
            spend(of_address(request._request, scope, settings.RATE_PER_MINUTE_PERSON))
        return True


def spend(allowance: Allowance) -> None:
    """Let one call through, or raise TooFast."""
    if allowance.limit:
        meter.spend(allowance)


def spend_person(user: User, scope: str) -> None:
    """One call of this person; each `scope` ("read", "write", a page's own) is counted by itself."""
    spend(Allowance(f"{scope}:user:{user.pk}", settings.RATE_PER_MINUTE_PERSON))


def spend_sign_in(request: HttpRequest) -> None:
    """One sign-in that is begun or tried from this address, by the API or on a page."""
    spend(of_address(request, "write", settings.RATE_PER_MINUTE_SIGN_IN))


def spend_return(request: HttpRequest) -> None:
    """One answer of an identity provider that comes by way of this address: the other half of a sign-in."""
    spend(of_address(request, "return", settings.RATE_PER_MINUTE_SIGN_IN))


def spend_unknown(request: HttpRequest) -> None:
    """One call with no credential that is good. Those with a good one, from the same address, lose nothing."""
    spend(of_address(request, "unknown", settings.RATE_PER_MINUTE_PERSON))


def of_address(request: HttpRequest, scope: str, limit: int) -> Allowance:
    return Allowance(f"{scope}:address:{network_of(address_of(request))}", limit)


def network_of(address: str) -> str:
    ip = ip_address(address) if address else None
    if not isinstance(ip, IPv6Address):
        return address
    return str(ip.ipv4_mapped or ip_network((int(ip), IPV6_NETWORK), strict=False))


class Meter:
    """What this process may still let through in this minute, by caller."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.minute = 0
        self.left: dict[str, int] = {}

    def spend(self, allowance: Allowance) -> None:
        """Let one call through; TooFast when the limit is used up."""
        minute, second = divmod(time.time(), MINUTE)
        if self.take(allowance.who, int(minute)):
            return
        block = max(1, allowance.limit // BLOCKS)
        used = tally.add(allowance.who, int(minute), block)
        granted = block - max(0, used - allowance.limit)
        if granted <= 0:
            raise TooFast(allowance.limit, MINUTE - second)
        with self.lock:
            self.left[allowance.who] = self.left.get(allowance.who, 0) + granted - 1

    def take(self, who: str, minute: int) -> bool:
        with self.lock:
            if minute != self.minute:
                self.minute, self.left = minute, {}
            left = self.left.get(who, 0)
            if left:
                self.left[who] = left - 1
            return left > 0


class Tally:
    """What all processes have taken, in Redis; what this one has, while Redis is away."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.minute = 0
        self.own: Counter[str] = Counter()
        self.look_again_at: float | None = None  # while Redis is away

    def add(self, who: str, minute: int, number: int) -> int:
        """How much this caller has taken in this minute, with `number` more."""
        if settings.REDIS_URL and self.is_worth_asking():
            try:
                used = add_in_redis(f"agentic:rate:{who}:{minute}", number)
            except (redis.RedisError, OSError) as error:
                logger.warning("rates are counted by each process alone: %s", error)
                self.look_again_at = time.monotonic() + AWAY_SECONDS
            else:
                self.look_again_at = None
                return used
        return self.add_here(who, minute, number)

    def is_worth_asking(self) -> bool:
        """Of those who come when Redis may be back, one alone waits to find out."""
        with self.lock:
            now = time.monotonic()
            if self.look_again_at is None:
                return True
            if now < self.look_again_at:
                return False
            self.look_again_at = now + AWAY_SECONDS
            return True

    def add_here(self, who: str, minute: int, number: int) -> int:
        with self.lock:
            if minute != self.minute:
                self.minute, self.own = minute, Counter()
            self.own[who] += number
            return self.own[who]


def add_in_redis(key: str, number: int) -> int:
    """In one round trip, never longer than REDIS_SECONDS."""
    with client(settings.REDIS_URL).pipeline(transaction=False) as pipe:
        pipe.incrby(key, number)
        pipe.expire(key, int(2 * MINUTE))
        used: int = pipe.execute()[0]
    return used


@cache
def client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


meter, tally = Meter(), Tally()
