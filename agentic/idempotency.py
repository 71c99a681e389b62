"""A POST that is repeated with its `Idempotency-Key` gets the same answer, kept in the transaction of its effect.

Whoever repeats a request while the first one is under way is told so at once: on PostgreSQL by a lock that is tried
and not waited for. SQLite has one writer at a time: there the second one waits for the first, and gets its answer.
Views that ask somebody else before the transaction take their key by a row (`answer_prepared`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from functools import cache, partial, wraps
from http import HTTPMethod
from typing import Any, NamedTuple

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from agentic.clock import Now, seconds_from_now
from agentic.errors import DomainError, Invalid
from agentic.longpoll import TOPIC
from agentic.models import KeptAnswer, User
from agentic.parsing import whole
from agentic.rendering import JSONRenderer

HEADER, META = "Idempotency-Key", "HTTP_IDEMPOTENCY_KEY"
LONGEST = 255
# Refusals that rest on the state of things. Who may do what, how fast, and what broke on our side is asked anew.
KEPT = frozenset({400, 404, 409})

# A process that dies while it prepares leaves its key taken for so long: longer than any call to elsewhere lasts.
TAKEN_SECONDS = 120
NOTHING_YET = b""

Post = Callable[..., HttpResponseBase]


class Mismatch(DomainError):
    """This Idempotency-Key stands for another request: take a new one."""

    status = 422
    code = "idempotency_mismatch"


class InFlight(DomainError):
    """A request with this Idempotency-Key is under way: ask again for its answer."""

    status = 409
    code = "idempotency_in_flight"
    wait = 1.0  # seconds, for Retry-After


class Asked(NamedTuple):
    """Who asks, by which key, and a digest of what."""

    caller: str
    key: str
    digest: str


def honouring_keys(post: Post, *, prepares: bool) -> Post:
    """The `post` of an ApiView. A request without a key costs nothing more than before."""
    answer_keyed = answer_prepared if prepares else answer_once

    @wraps(post)
    def answer(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        asked = asked_by(request)
        view.beforehand(request)
        if asked is None:
            view.prepare(request)
            return post(view, request, *args, **kwargs)
        return answer_keyed(asked, view, request, partial(post, view, request, *args, **kwargs))

    return answer


def key_of(request: Request) -> str | None:
    """The key that the caller gave, if any; Invalid when it is none."""
    key: str | None = request.META.get(META)
    if key is None:
        return None
    if not (0 < len(key) <= LONGEST and key.isascii() and key.isprintable()):
        raise Invalid(**{HEADER: f"1 to {LONGEST} printable ASCII characters"})
    return key


def asked_by(request: Request) -> Asked | None:
    key = key_of(request)
    if key is None:
        return None
    body = whole(request._request)
    what = digest_of(HTTPMethod.POST, request.get_full_path(), body)
    # A token in the header says who is meant, also where nobody is asked to sign in: at the logout.
    who = digest_of(what, request.META.get("HTTP_AUTHORIZATION", ""))
    return Asked(caller_of(request.user, who), key, what)


def caller_of(user: Any, who: str) -> str:
    """Keys of different callers have nothing to do with each other. Who is nobody yet is known by what they say."""
    if user is None:
        return f"nobody:{who}"
    return f"{'user' if isinstance(user, User) else 'agent'}:{user.id}"


def answer_once(asked: Asked, view: Any, request: Request, post: Post) -> HttpResponseBase:
    """What was answered before, or what `post` answers now. Its own transactions become parts of this one."""
    with transaction.atomic():
        kept = kept_for(asked)
        return replayed(kept) if kept else keeping(asked, answered(view, post))


def answer_prepared(asked: Asked, view: Any, request: Request, post: Post) -> HttpResponseBase:
    """The same for a view that prepares: that is in no transaction, and a row says meanwhile that the key is taken."""
    with transaction.atomic():
        kept = kept_for(asked)
        if kept:
            return replayed(kept)
        take(asked)
    try:
        refused = outcome(view, partial(view.prepare, request))
        with transaction.atomic():
            give_back(asked)
            return keeping(asked, refused or answered(view, post))
    finally:
        give_back(asked)


def kept_for(asked: Asked) -> KeptAnswer | None:
    """The answer that is there already; InFlight while another request is at it."""
    if not locked(asked):
        raise InFlight
    return find(asked)


def keeping(asked: Asked, response: HttpResponseBase) -> HttpResponseBase:
    if is_kept(response):
        keep(asked, response)
    return response


def locked(asked: Asked) -> bool:
    """Take this key for as long as the transaction lasts; False when another request has it."""
    if connection.vendor != "postgresql":
        return True
    number = hashlib.sha256(f"{asked.caller}\0{asked.key}".encode()).digest()[:8]
    with connection.cursor() as cursor:
        # A statement of its own: the next one then sees what the last holder of the lock has left.
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(number, signed=True)]
        )
        row: tuple[bool] = cursor.fetchone()
    return row[0]


def find(asked: Asked) -> KeptAnswer | None:
    mine = KeptAnswer.objects.filter(caller=asked.caller, key=asked.key)
    kept = mine.annotate(has_expired=Q(expires_at__lte=Now())).first()
    if kept is None:
        return None
    if kept.has_expired:
        kept.delete()
        return None
    if not hmac.compare_digest(kept.request_sha256, asked.digest):
        raise Mismatch
    if bytes(kept.body) == NOTHING_YET:
        raise InFlight
    return kept


def outcome(view: Any, call: Callable[[], Any]) -> Any:
    """What the call returns, or the answer that the view has to its error."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - raised again by the view, if it has no answer to it
        return view.handle_exception(error)


def answered(view: Any, post: Post) -> HttpResponseBase:
    """The answer, also where it is a refusal: what a refusal leaves behind, as its row in the audit log, stands."""
    response: HttpResponseBase = outcome(view, post)
    if response.status_code >= 500:
        transaction.set_rollback(True)
    return response


def is_kept(response: HttpResponseBase) -> bool:
    """Not kept are refusals that another moment changes by itself, and an answer that only says to wait longer."""
    if response.has_header(TOPIC.decode()):
        return False
    return response.status_code < 300 or response.status_code in KEPT


def keep(asked: Asked, response: HttpResponseBase) -> None:
    lasts = timedelta(hours=settings.IDEMPOTENCY_HOURS)
    KeptAnswer.objects.create(
        caller=asked.caller,
        key=asked.key,
        request_sha256=asked.digest,
        status=response.status_code,
        content_type=content_type_of(response),
        body=cipher().encrypt(content_of(response)),
        expires_at=seconds_from_now(lasts.total_seconds()),
    )


def take(asked: Asked) -> None:
    KeptAnswer.objects.create(
        caller=asked.caller,
        key=asked.key,
        request_sha256=asked.digest,
        status=InFlight.status,
        content_type=JSONRenderer.media_type,
        body=NOTHING_YET,
        expires_at=seconds_from_now(TAKEN_SECONDS),
    )


def give_back(asked: Asked) -> None:
    KeptAnswer.objects.filter(caller=asked.caller, key=asked.key, body=NOTHING_YET).delete()


def content_of(response: HttpResponseBase) -> bytes:
    if isinstance(response, Response):  # rendered later, by this very renderer
        return JSONRenderer().render(response.data)
    content: bytes = response.content  # type: ignore[attr-defined] # no view streams its answer to a POST
    return content


def content_type_of(response: HttpResponseBase) -> str:
    said = response.content_type if isinstance(response, Response) else response["Content-Type"]
    return said or JSONRenderer.media_type


def replayed(kept: KeptAnswer) -> HttpResponse:
    """The same status and body. `no-store`, because nobody remembers whether the first one held a secret."""
    headers = {"Idempotent-Replayed": "true", "Cache-Control": "no-store"}
    body = cipher().decrypt(bytes(kept.body))
    return HttpResponse(body, status=kept.status, content_type=kept.content_type, headers=headers)


# Bodies hold passwords and answers hold keys: whoever reads the table must neither read nor guess them.


def digest_of(*parts: str | bytes) -> str:
    sizes_and_parts = (b"%d:%s," % (len(part), part) for part in map(encoded, parts))
    return hmac.new(secret_for("digests"), b"".join(sizes_and_parts), hashlib.sha256).hexdigest()


def encoded(part: str | bytes) -> bytes:
    return part.encode() if isinstance(part, str) else part


def cipher() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(secret_for("answers")))


def secret_for(purpose: str) -> bytes:
    return derived(settings.SECRET_KEY, purpose)


@cache
def derived(secret_key: str, purpose: str) -> bytes:
    info = f"agentic.idempotency {purpose}".encode()
    return HKDF(SHA256(), length=32, salt=None, info=info).derive(secret_key.encode())
