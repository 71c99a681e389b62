"""What has expired is deleted in small steps; what has not is left alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection, transaction

from agentic import clean_up
from agentic.clock import seconds_from_now
from agentic.models import FailedSignIns, RefreshToken, SignIn, SignInMethod, User
from agentic.sign_ins import begin_sign_in, tokens_for
from agentic.tasks import clean_up as task
from tests.decisions.threads import alone, at_once

ON_SQLITE = connection.vendor == "sqlite"


@pytest.fixture
def sign_in(reviewer: User) -> SignIn:
    sign_in = begin_sign_in(user=reviewer, method=SignInMethod.PASSWORD, ip="", user_agent="")
    tokens_for(sign_in)
    return sign_in


def counters(number: int, *, expires_in: float) -> None:
    at = seconds_from_now(expires_in)
    before = FailedSignIns.objects.count()
    rows = [FailedSignIns(who=f"account:{before + n}", expires_at=at) for n in range(number)]
    for row in rows:
        row.save(force_insert=True)


def test_an_expired_sign_in_goes_with_its_tokens(sign_in: SignIn) -> None:
    SignIn.objects.update(expires_at=seconds_from_now(-1))
    assert clean_up.clean_up() == 1
    assert not SignIn.objects.exists()
    assert not RefreshToken.objects.exists()


def test_an_expired_token_goes_without_its_sign_in(sign_in: SignIn) -> None:
    RefreshToken.objects.update(expires_at=seconds_from_now(-1))
    clean_up.clean_up()
    assert (SignIn.objects.count(), RefreshToken.objects.count()) == (1, 0)


@pytest.mark.django_db
def test_what_has_not_expired_stays(sign_in: SignIn) -> None:
    counters(2, expires_in=60)
    assert clean_up.clean_up() == 0
    assert FailedSignIns.objects.count() == 2


def test_every_table_with_an_end_and_no_history_is_cleaned() -> None:
    """Whoever adds one must decide."""
    cleaned = {model._meta.label for model in clean_up.EXPIRING}
    assert cleaned == {
        "agentic.FailedSignIns",
        "agentic.KeptAnswer",
        "agentic.OidcRequest",
        "agentic.RefreshToken",
        "agentic.SignIn",
        "sessions.Session",
    }


@pytest.mark.django_db
def test_a_session_that_has_expired_goes_and_another_stays() -> None:
    for key, seconds in (("old", -1), ("new", 60)):
        Session(session_key=key, session_data="x", expire_date=seconds_from_now(seconds)).save(
            force_insert=True
        )
    assert clean_up.clean_up() == 1
    assert Session.objects.get().session_key == "new"


@pytest.mark.django_db
def test_a_run_is_bounded_and_the_next_one_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clean_up, "BATCH", 2)
    monkeypatch.setattr(clean_up, "MOST_BATCHES", 2)
    counters(7, expires_in=-1)
    assert [clean_up.clean_up() for _ in range(3)] == [4, 3, 0]


@pytest.mark.django_db
def test_the_task_hands_on_when_there_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clean_up, "BATCH", 2)
    monkeypatch.setattr(clean_up, "MOST_BATCHES", 2)
    handed_on: list[bool] = []
    monkeypatch.setattr(task, "delay", lambda: handed_on.append(True))
    counters(5, expires_in=-1)
    task()
    task()
    assert (handed_on, FailedSignIns.objects.count()) == ([True], 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(ON_SQLITE, reason="it has one writer at a time")
def test_nobody_waits_for_it_and_it_waits_for_nobody() -> None:
    counters(3, expires_in=-1)
    with transaction.atomic():
        FailedSignIns.objects.select_for_update().get(who="account:1")
        [gone] = at_once(lambda: alone(clean_up.clean_up))
    assert gone == 2


def test_beat_knows_the_task(settings: Any) -> None:
    [entry] = [one for one in settings.CELERY_BEAT_SCHEDULE.values() if one["task"] == task.name]
    assert entry["schedule"] <= 24 * 3600
