"""What the environment says of e-mail and addresses; and what the documents say of signatures holds."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

from agentic.celery import app
from agentic.environment import mail, own_address
from agentic.ids import new_id
from oversight.models import Notice
from oversight.notifications.sealing import Webhook
from oversight.notifications.targets import new_secret
from oversight.notifications.ways import headers_of

PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/notifications.md"
SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("smtp://mail.example.org", {"EMAIL_BACKEND": SMTP, "EMAIL_PORT": 25}),
        (
            "smtp+tls://me:p%40ss@mail.example.org:587",
            {"EMAIL_USE_TLS": True, "EMAIL_HOST_PASSWORD": "p@ss", "EMAIL_PORT": 587},
        ),
        ("smtp+ssl://mail.example.org:465", {"EMAIL_USE_SSL": True, "EMAIL_USE_TLS": False}),
        ("", {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}),
    ],
    ids=["plain", "starttls", "tls", "none"],
)
def test_a_mail_server_is_named_by_its_address(url: str, said: dict[str, Any]) -> None:
    found = mail(url)
    assert {name: found[name] for name in said} == said


@pytest.mark.parametrize("url", ["mail.example.org", "http://mail.example.org", "smtp://host:port"])
def test_what_names_no_mail_server_stops_the_start(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL"):
        mail(url)


def test_the_public_address_has_no_slash_at_its_end() -> None:
    assert own_address("https://agents.example.org/") == "https://agents.example.org"
    assert own_address("") == ""
    with pytest.raises(ImproperlyConfigured, match="PUBLIC_URL"):
        own_address("agents.example.org")


def test_beat_starts_a_task_that_there_is() -> None:
    app.loader.import_default_modules()
    entry = django_settings.CELERY_BEAT_SCHEDULE["notify"]
    assert entry["task"] in app.tasks
    assert entry["options"]["expires"] > entry["schedule"]


@pytest.fixture
def verified() -> Callable[[str, dict[str, str], bytes], bool]:
    """The receiver's side, as the page shows it."""
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert code
    names: dict[str, Any] = {}
    exec(code[1], names)
    check: Callable[[str, dict[str, str], bytes], bool] = names["verified"]
    return check


def test_the_example_of_the_page_knows_what_is_ours(
    verified: Callable[[str, dict[str, str], bytes], bool],
) -> None:
    secret, body = new_secret(), b'{"specversion": "1.0"}'
    headers = headers_of(Notice(pk=new_id()), body, Webhook("https://hooks.example.org", secret))
    assert verified(secret, headers, body)
    assert not verified(new_secret(), headers, body)
    assert not verified(secret, headers, body + b" ")
    old = {**headers, "webhook-timestamp": str(int(time.time()) - 301)}
    assert not verified(secret, old, body)
