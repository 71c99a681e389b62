"""Hundreds of sockets ask in few queries whether their sign-ins are still good, and each is told its own."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from asgiref.sync import async_to_sync
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from agentic.authentication import all_signed_in, signed_in
from agentic.ids import new_id
from agentic.models import SignIn, SignInMethod, User
from agentic.roles import roles_of
from agentic.sign_ins import begin_sign_in, end_sign_in
from oversight import looks
from tests.oversight.gathered import here


def sign_in_of(user: User) -> SignIn:
    return begin_sign_in(user=user, method=SignInMethod.PASSWORD, ip="", user_agent="")


@pytest.fixture
def sign_ins(reviewer: User, viewer: User, admin: User) -> list[SignIn]:
    return [sign_in_of(user) for user in (reviewer, viewer, admin, admin)]


def ask(*ids: UUID) -> list[User | None]:
    async def all_of_them() -> list[User | None]:
        found = looks.Looks()
        return await asyncio.gather(*(found.who(one) for one in ids))

    return async_to_sync(all_of_them)()


def test_several_are_found_as_one_by_one(sign_ins: list[SignIn]) -> None:
    end_sign_in(sign_ins[2], "signed out")
    ids = [*(one.pk for one in sign_ins), new_id()]
    together = all_signed_in(ids)
    for one in ids:
        alone = signed_in(one)
        assert together.get(one) == alone
        assert roles_of(together.get(one)) == roles_of(alone)
    assert set(together) == {one.pk for one in sign_ins} - {sign_ins[2].pk}
    assert all_signed_in([]) == {}


def test_all_who_ask_at_once_ask_in_one_query(
    sign_ins: list[SignIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "in_thread", here)
    with CaptureQueriesContext(connection) as asked:
        found = ask(*(one.pk for one in sign_ins * 50))
    assert len(asked) == 1
    assert [one.pk if one else None for one in found] == [one.user_id for one in sign_ins * 50]


def test_a_look_begins_after_it_was_asked_for(
    sign_ins: list[SignIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "in_thread", here)
    first, *_ = sign_ins
    assert ask(first.pk) == [first.user]
    end_sign_in(first, "signed out")
    assert ask(first.pk) == [None]


def test_one_that_leaves_takes_nothing_from_the_others(
    sign_ins: list[SignIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "in_thread", here)
    first, second, *_ = sign_ins

    async def leave() -> User | None:
        found = looks.Looks()
        leaving = asyncio.ensure_future(found.who(first.pk))
        staying = asyncio.ensure_future(found.who(second.pk))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert async_to_sync(leave)() == second.user


def test_when_the_database_is_away_each_is_told_and_the_next_look_is_a_new_one(
    sign_ins: list[SignIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(ids: list[UUID]) -> dict[UUID, User]:
        raise OperationalError

    async def ask_twice() -> tuple[list[object], User | None]:
        found = looks.Looks()
        with monkeypatch.context() as away:
            away.setattr(looks, "all_signed_in", fails)
            asking = (found.who(one.pk) for one in sign_ins[:2])
            errors: list[object] = list(await asyncio.gather(*asking, return_exceptions=True))
        return errors, await found.who(sign_ins[0].pk)

    monkeypatch.setattr(looks, "in_thread", here)
    errors, user = async_to_sync(ask_twice)()
    assert [type(error) for error in errors] == [OperationalError] * 2
    assert user == sign_ins[0].user
