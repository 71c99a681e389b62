"""The demo's people stay signed in for as long as the demo runs, whatever becomes of a token."""

from __future__ import annotations

from typing import Any

import pytest

from agentic.models import SignIn, User
from agentic.sign_ins import end_all_of
from examples.digits.people import Person, Refused
from tests.conftest import PASSWORD


@pytest.fixture
def person(live_server: Any, reviewer: User) -> Person:
    return Person(live_server.url, "rita", PASSWORD)


@pytest.mark.serial
@pytest.mark.django_db(transaction=True)
class TestAPerson:
    def test_they_sign_in_anew_when_a_token_is_good_no_more(
        self, person: Person, reviewer: User
    ) -> None:
        with person:
            assert person.get("/auth/me")["name"] == "rita"
            end_all_of(reviewer, "by a test")
            assert person.get("/auth/me")["name"] == "rita"
        assert SignIn.objects.filter(ended_at=None).count() == 1

    def test_they_try_a_password_that_is_wrong_only_once(self, person: Person) -> None:
        person.password = "wrong"
        with person, pytest.raises(Refused, match="401"):
            person.get("/auth/me")
