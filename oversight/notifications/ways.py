"""The two ways out. Nothing here touches the database: each message is sent from a thread of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Sequence
from smtplib import SMTPException, SMTPResponseException

from django.conf import settings

from oversight.models import Kind, Notice
from oversight.notifications import letters
from oversight.notifications.outside import Undelivered, post
from oversight.notifications.sealing import Unreadable, Webhook, opened

GONE = 410


def send(notices: Sequence[Notice]) -> None:
    """All of them are for one reader; of webhooks it is one. Undelivered when the other side has not taken them."""
    if notices[0].kind == Kind.EMAIL:
        send_email(notices)
    else:
        send_webhook(notices[0])


def send_email(notices: Sequence[Notice]) -> None:
    target, person = notices[0].target, notices[0].person
    to = target.address or (person.email if person else "")
    if not settings.EMAIL_URL:
        raise Undelivered("no e-mail server is configured", final=True)
    if not to:
        raise Undelivered("the account has no e-mail address", final=True)
    try:
        letters.email(notices, to).send()
    except SMTPResponseException as error:
        raise Undelivered(f"the e-mail server refused it ({error.smtp_code})") from error
    except (SMTPException, OSError) as error:
        # What the server said may hold more than belongs into a list.
        raise Undelivered(f"the e-mail server did not take it ({type(error).__name__})") from error


def send_webhook(notice: Notice) -> None:
    try:
        webhook = opened(notice.target.sealed)
    except Unreadable as error:
        why = "its secret cannot be read since SECRET_KEY was replaced: add the webhook again"
        raise Undelivered(why, final=True) from error
    body = letters.cloud_event(notice)
    status = post(webhook.address, body, headers_of(notice, body, webhook))
    if not 200 <= status < 300:
        raise Undelivered(f"answered with status {status}", final=status == GONE)


def headers_of(notice: Notice, body: bytes, webhook: Webhook) -> dict[str, str]:
    """As Standard Webhooks has them. The id is the same at each try: a receiver knows a repeat by it."""
    name, moment = f"msg_{notice.pk.hex}", str(int(time.time()))
    return {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "User-Agent": "agentic-agent-platform",
        "webhook-id": name,
        "webhook-timestamp": moment,
        "webhook-signature": signature(webhook.secret, name, moment, body),
    }


def signature(secret: str, name: str, moment: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{name}.{moment}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"
