"""What somebody with all rights on the database cannot do to the audit log without its being seen."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from agentic.audit_chain import Kind, Link
from agentic.ids import new_id
from agentic.models import Audit
from tests.agentic.chains import (
    COLUMNS,
    above_the_guard,
    edit,
    execute,
    fault,
    hashed,
    head,
    insert,
    otherwise,
    remove,
    renumber,
    values_of,
    write_anew,
    write_log,
)

LENGTH, EDITS = 30, 100


@pytest.fixture
def log(db: None) -> Iterator[None]:
    write_log(LENGTH)
    assert fault() is None
    with above_the_guard():
        yield


def undone(tamper: Callable[[], Any]) -> Any:
    """What is found after it; then all is as before."""
    with transaction.atomic():
        tamper()
        found = fault()
        transaction.set_rollback(True)
    return found


# Each changes the log, and answers with the number of the first row that is then wrong.


def change_a_column(chance: random.Random) -> int:
    number, name = chance.randint(1, LENGTH), chance.choice(COLUMNS)
    edit(number, **{name: otherwise(name, values_of(number)[name])})
    return number


def delete_some(chance: random.Random) -> int:
    first = chance.randint(1, LENGTH - 1)
    remove(first, chance.randint(first, LENGTH - 1))
    return first


def delete_and_close_the_gap(chance: random.Random) -> int:
    number = chance.randint(1, LENGTH - 1)
    remove(number, number)
    for place in range(number + 1, LENGTH + 1):
        renumber(place, place - 1)
    return number


def cut_off_the_tail(chance: random.Random) -> int:
    number = chance.randint(1, LENGTH)
    remove(number, LENGTH)
    return number


def put_in(chance: random.Random) -> int:
    """A row that is right in itself, and goes on from the one before it."""
    number = chance.randint(1, LENGTH + 1)
    for place in range(LENGTH, number - 1, -1):
        renumber(place, place + 1)
    before = values_of(number - 1)["hash"] if number > 1 else "0" * 64
    made_up = {"number": number, "id": new_id(), "previous_hash": before, "reason": "made up"}
    insert(hashed({**values_of(number + 1 if number <= LENGTH else 1), **made_up}))
    return number


def swap_two(chance: random.Random) -> int:
    first, second = sorted(chance.sample(range(1, LENGTH + 1), 2))
    renumber(first, 0)
    renumber(second, first)
    renumber(0, second)
    return first


def forge_one(chance: random.Random) -> int:
    """With its own hash set right; only the next row knows."""
    number = chance.randint(1, LENGTH)
    edit(number, **hashed({**values_of(number), "reason": "forged"}))
    return number


TAMPERING = (
    change_a_column, change_a_column, change_a_column, delete_some, delete_and_close_the_gap, cut_off_the_tail, put_in,
    swap_two, forge_one,
)  # fmt: skip


def test_of_a_hundred_random_edits_a_hundred_are_found_and_the_first_bad_row_named(
    log: None,
) -> None:
    done: Counter[str] = Counter()
    for seed in range(EDITS):
        chance = random.Random(seed)
        tamper, answers = chance.choice(TAMPERING), []
        found = undone(lambda: answers.append(tamper(chance)))  # noqa: B023 - called in this round
        assert found is not None, (seed, tamper.__name__)
        assert found.number == answers[0], (seed, tamper.__name__, found)
        done[tamper.__name__] += 1
    assert set(done) == {tamper.__name__ for tamper in TAMPERING}
    assert fault() is None


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("number", [1, 15, LENGTH])
def test_no_column_can_be_changed(log: None, name: str, number: int) -> None:
    new = otherwise(name, values_of(number)[name])
    found = undone(lambda: edit(number, **{name: new}))
    assert found.number == number
    assert found.kind == (Kind.GAP if name == "number" else Kind.HASH)


@pytest.mark.parametrize(
    ("tamper", "number", "kind"),
    [
        (lambda: remove(7, 9), 7, Kind.GAP),
        (lambda: remove(28, 30), 28, Kind.CUT_OFF),
        (lambda: remove(1, 30), 1, Kind.CUT_OFF),
        (lambda: swap_two(random.Random(1)), 5, Kind.ORDER),
        (lambda: delete_and_close_the_gap(random.Random(1)), 5, Kind.ORDER),
        (lambda: put_in(random.Random(1)), 5, Kind.ORDER),
        (lambda: insert({**values_of(4), "number": 0}), 0, Kind.ORDER),
        (lambda: insert({**values_of(4), "number": 31}), 31, Kind.ORDER),
        (lambda: insert(following()), 31, Kind.HEAD),
        (lambda: forge(12), 12, Kind.LINK),
        (lambda: forge(30), 30, Kind.HEAD),
        (lambda: relink(12), 12, Kind.LINK),
        (lambda: execute("UPDATE audit_head SET number = 29"), 30, Kind.HEAD),
        (lambda: execute("UPDATE audit_head SET number = 40"), 31, Kind.CUT_OFF),
        (lambda: execute("UPDATE audit_head SET hash = '0'"), 30, Kind.HEAD),
    ],
)
def test_it_says_what_is_wrong(
    log: None, tamper: Callable[[], Any], number: int, kind: Kind
) -> None:
    found = undone(tamper)
    assert (found.number, found.kind) == (number, kind), found


def following() -> dict[str, Any]:
    """The row that could come next, written past the head."""
    last = values_of(LENGTH)
    return hashed({**last, "number": LENGTH + 1, "id": new_id(), "previous_hash": last["hash"]})


def forge(number: int) -> None:
    edit(number, **hashed({**values_of(number), "reason": "forged"}))


def relink(number: int) -> None:
    edit(number, **hashed({**values_of(number), "previous_hash": "f" * 64}))


def test_a_whole_rewrite_is_found_by_the_anchor_alone(log: None) -> None:
    early, late = Link(10, values_of(10)["hash"]), head()
    write_anew(20, reason="otherwise")
    assert fault() is None
    assert fault(early) is None
    found = fault(early, late)
    assert found is not None
    assert (found.number, found.kind) == (LENGTH, Kind.ANCHOR)


def test_a_tail_that_is_cut_off_with_the_head_is_found_by_the_anchor_alone(log: None) -> None:
    anchor = head()
    remove(21, LENGTH)
    execute("UPDATE audit_head SET number = 20, hash = %s", values_of(20)["hash"])
    assert fault() is None
    found = fault(anchor)
    assert found is not None
    assert (found.number, found.kind) == (21, Kind.CUT_OFF)


def test_an_anchor_of_another_log_is_found_at_its_row(log: None) -> None:
    for anchor in (Link(0, "f" * 64), Link(3, "f" * 64)):
        found = fault(anchor, head())
        assert found is not None
        assert (found.number, found.kind) == (anchor.number, Kind.ANCHOR)


def test_without_such_rights_nothing_can_be_changed(db: None) -> None:
    write_log(2)
    for sql in ("UPDATE audits SET reason = ''", "DELETE FROM audits"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            execute(sql)
    assert Audit.objects.count() == 2
