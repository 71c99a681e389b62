"""The same person, or the same answer, several times in the same moment."""

from __future__ import annotations

import pytest

from agentic.models import OidcIdentity, SignIn, User
from tests.agentic.oidc.liar import Liar
from tests.agentic.oidc.test_answers import begun, callback
from tests.agentic.oidc.test_people import come_in
from tests.decisions.threads import at_once

MANY = 6


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_comes_many_times_signs_in_once(liar: Liar) -> None:
    state = begun(liar)
    answers = at_once(*[lambda: callback(state)] * MANY)
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (MANY - 1)
    assert SignIn.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_person_who_comes_in_many_times_at_first_gets_one_account(enabled: object) -> None:
    people = at_once(*[lambda: come_in(groups={"reviewers"})] * MANY)
    assert {person.pk for person in people} == {User.objects.get().pk}
    assert OidcIdentity.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_claim_an_address_one_gets_its_account(enabled: object, rita: User) -> None:
    people = at_once(*[lambda name=name: come_in(f"s-{name}") for name in range(MANY)])
    assert [person.pk for person in people].count(rita.pk) == 1
    assert User.objects.count() == MANY
