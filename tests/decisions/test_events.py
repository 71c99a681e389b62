"""The event store: append-only, in a closed vocabulary, legal moves only, and followed without ever skipping one."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import IntegrityError, connection, connections, transaction

from agentic.actors import system
from agentic.append_only import POSTGRES_FUNCTION, POSTGRES_TRIGGERS
from agentic.changes import EventRow
from agentic.events import read_after
from agentic.ids import new_id
from agentic.models import AppendOnly, Event
from agentic.positions import settled
from agentic.transitions import record
from agentic.vocabulary import EntityType, EventType
from decisions.models import Decision, Task
from decisions.states import DECISION_LEGAL, LEGAL, OVERRIDABLE, SHORTCUTS, DecisionStatus, State
from tests.decisions.floor import Floor, pending
from tests.decisions.threads import alone, uncommitted

on_postgres = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has one writer at a time"
)
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own words")
for_real = pytest.mark.django_db(transaction=True)


def write(entity_id: UUID | None = None, version: int = 1) -> int:
    """An event of some task; its position."""
    entity_id = entity_id or uuid4()
    said = (EntityType.TASK, entity_id, version, EventType.TASK_CREATED)
    record(EventRow(entity_id, new_id(), *said, {}), actor=system())
    return Event.objects.values_list("position", flat=True).get(
        entity_id=entity_id, version=version
    )


def run(sql: str, params: Sequence[Any] = ()) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


# Append-only.


@pytest.mark.parametrize(
    "change",
    [
        lambda event: event.save(),
        lambda event: event.delete(),
        lambda event: Event.objects.all().delete(),
        lambda event: Event.objects.filter(pk=event.pk).update(actor_label="somebody else"),
        lambda event: Event.objects.bulk_update([event], ["actor_label"]),
    ],
)
def test_the_model_refuses_to_change_an_event(db: None, change: Callable[[Event], Any]) -> None:
    event = Event.objects.get(pk=write())
    with pytest.raises(AppendOnly):
        change(event)


@pytest.mark.parametrize(
    "change",
    [
        lambda event: Event._base_manager.update(actor_label="somebody else"),
        lambda event: Event._base_manager.filter(pk=event.pk).delete(),
        lambda event: Event.objects.filter(pk=event.pk)._raw_delete("default"),
        lambda event: Event(pk=event.pk, actor_label="somebody else").save(),
        lambda event: Event.objects.bulk_create(
            [event], update_conflicts=True, unique_fields=["position"], update_fields=["data"]
        ),
    ],
)
def test_the_database_refuses_what_passes_the_model(
    db: None, change: Callable[[Event], Any]
) -> None:
    event = Event.objects.get(pk=write())
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        change(event)
    assert Event.objects.get(pk=event.pk).actor_label == event.actor_label


@pytest.mark.parametrize(
    "sql",
    ["UPDATE events SET data = '{}' WHERE position = %s", "DELETE FROM events WHERE position = %s"],
)
def test_the_database_refuses_to_change_an_event(db: None, sql: str) -> None:
    position = write()
    with pytest.raises(IntegrityError, match="append-only"):
        run(sql, [position])


@on_sqlite
@pytest.mark.parametrize("place", ["position", "position + 1000"])
def test_no_event_takes_the_place_of_another(db: None, place: str) -> None:
    """By its position, or by the version of its entity."""
    position = write()
    others = ", ".join(str(f.column) for f in Event._meta.concrete_fields if not f.primary_key)
    copy = f"INSERT OR REPLACE INTO events (position, {others}) SELECT {place}, {others}"
    with pytest.raises(IntegrityError, match="append-only"):
        run(f"{copy} FROM events WHERE position = %s", [position])


@on_postgres
def test_only_a_test_database_may_be_emptied(db: None) -> None:
    """The tests' own is emptied between cases; any other keeps its events."""
    write()
    run("TRUNCATE events")
    assert not Event.objects.exists()
    with another_database() as other:
        with pytest.raises(psycopg.errors.IntegrityError, match="append-only: TRUNCATE"):
            other.execute("TRUNCATE events")
        assert other.execute("SELECT count(*) FROM events").fetchone() == (1,)


@contextmanager
def another_database() -> Iterator[psycopg.Connection]:
    """One that is not called as tests call theirs, with a guarded table of one row."""
    name = f"untested_{uuid4().hex}"
    with autocommitting() as here:
        here.execute(f'CREATE DATABASE "{name}"')
        try:
            with autocommitting(dbname=name) as there:
                there.execute("CREATE TABLE events AS SELECT 1 AS position")
                there.execute(POSTGRES_FUNCTION)
                there.execute(POSTGRES_TRIGGERS.format(table="events"))
                yield there
        finally:
            here.execute(f'DROP DATABASE "{name}"')


def autocommitting(**more: Any) -> psycopg.Connection:
    known = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    return psycopg.connect(
        **{**{name: known[name] for name in names if name in known}, **more}, autocommit=True
    )


# Closed vocabulary, legal moves.


@pytest.mark.parametrize(
    "words", [{"event_type": "task.forgotten"}, {"entity_type": "person"}, {"event_type": ""}]
)
def test_the_database_refuses_words_that_it_does_not_know(db: None, words: dict[str, str]) -> None:
    known = {"entity_type": "task", "event_type": "task.created", **words}
    with (
        pytest.raises(IntegrityError, match=r"closed_vocabulary|known_entity"),
        transaction.atomic(),
    ):
        Event.objects.create(entity_id=uuid4(), version=1, actor_kind="system", **known)


def test_a_version_is_taken_once(db: None) -> None:
    entity_id = uuid4()
    write(entity_id)
    with pytest.raises(IntegrityError), transaction.atomic():
        write(entity_id)


WRITABLE = {(old, new) for old in LEGAL for new in LEGAL[old] | OVERRIDABLE[old]} | SHORTCUTS


@pytest.mark.parametrize("old", State.values)
def test_the_database_refuses_states_that_do_not_follow(floor: Floor, old: str) -> None:
    task_id, _ = floor.bring_to(old)
    refused = {
        new for new in State.values if new != old and not is_taken(Task, task_id, "state", new)
    }
    assert refused == {new for new in State.values if new != old and (old, new) not in WRITABLE}


def is_taken(model: type[Task | Decision], pk: UUID, column: str, value: str) -> bool:
    """Whether the guard lets this value pass; whatever else the row would need is not its concern."""
    rows = model._default_manager.filter(pk=pk)
    try:
        with transaction.atomic():
            rows.update(**{column: value})
            transaction.set_rollback(True)
    except IntegrityError as error:
        return "no such move" not in str(error)
    return True


def test_the_database_refuses_to_decide_twice(floor: Floor) -> None:
    task_id, token = floor.working()
    floor.complete(task_id, token)
    decision = pending(task_id)
    floor.review(decision.pk, "approve")
    assert not any(
        is_taken(Decision, decision.pk, "status", other)
        for other in DecisionStatus.values
        if other != DecisionStatus.APPROVED
    )


def test_a_pending_decision_may_take_every_legal_status(floor: Floor) -> None:
    task_id, token = floor.working()
    floor.complete(task_id, token)
    decision = pending(task_id)
    taken = {new for new in DecisionStatus.values if is_taken(Decision, decision.pk, "status", new)}
    assert taken == DECISION_LEGAL["pending"] | {"pending"}


# The order in which readers follow.


def test_a_reader_gets_what_came_after(db: None) -> None:
    first, entity_id = settled(), uuid4()
    positions = [write(entity_id, version) for version in (1, 2, 3)]
    assert [event["position"] for event in read_after(first, limit=2)] == positions[:2]
    assert [event["position"] for event in read_after(positions[1], limit=9)] == positions[2:]
    assert read_after(positions[2], limit=9) == []


def test_a_reader_may_follow_one_entity(db: None) -> None:
    mine, others = uuid4(), uuid4()
    positions = [write(mine), write(others), write(mine, 2)]
    by_entity = read_after(0, limit=9, entity_id=mine)
    assert [event["position"] for event in by_entity] == [positions[0], positions[2]]
    assert read_after(positions[0], limit=9, entity_type="task", entity_id=mine)[0]["version"] == 2
    assert read_after(0, limit=9, entity_type="agent", entity_id=mine) == []


@on_postgres
@for_real
def test_an_open_writer_holds_readers_at_its_announcement() -> None:
    before = write()
    with uncommitted(write) as held:
        later = write()
        assert settled() == before
        assert read_after(before, limit=9) == []
    assert held.result() < later
    assert [event["position"] for event in read_after(before, limit=9)] == [held.result(), later]


@on_postgres
@for_real
def test_what_was_there_before_the_open_writer_is_read() -> None:
    before = [write() for _ in range(3)]
    with uncommitted(write):
        assert [event["position"] for event in read_after(0, limit=9)] == before


@on_postgres
@for_real
def test_the_writer_that_announced_first_holds_readers_longest() -> None:
    before = write()
    with uncommitted(write) as first:
        with uncommitted(write):
            assert settled() == before
        assert settled() == before
    assert settled() == first.result() + 1


@on_postgres
@for_real
def test_a_long_transaction_without_an_event_holds_nobody_back(floor: Floor) -> None:
    task_id = floor.queue()
    with uncommitted(partial(Task.objects.filter(pk=task_id).update, title="held")):
        position = write()
        assert settled() == position
        assert read_after(0, limit=999)[-1]["position"] == position


@on_postgres
@for_real
def test_a_writer_holds_readers_from_its_first_event_on_and_not_before() -> None:
    looked, go_on = threading.Event(), threading.Event()

    def late_writer() -> int:
        run("SELECT 1")
        looked.set()
        assert go_on.wait(20)
        return write()

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(alone, partial(in_one, late_writer))
        assert looked.wait(20)
        positions = [write(), write()]
        assert settled() == positions[-1]
        go_on.set()
        assert future.result(20) > positions[-1]


@transaction.atomic
def in_one(call: Callable[[], Any]) -> Any:
    return call()


def undone(entity_id: UUID, version: int = 1) -> None:
    """An event in a savepoint that is rolled back."""
    with transaction.atomic():
        write(entity_id, version)
        transaction.set_rollback(True)


def undone_around(entity_id: UUID, version: int = 1) -> None:
    """An event in a savepoint that ends well, inside one that is rolled back."""
    with transaction.atomic():
        in_one(partial(write, entity_id, version))
        transaction.set_rollback(True)


@on_postgres
@for_real
@pytest.mark.parametrize("undo", [undone, undone_around])
def test_a_savepoint_that_is_undone_takes_its_announcement_with_it(
    undo: Callable[[UUID], None],
) -> None:
    with uncommitted(partial(undo, uuid4())):
        position = write()
        assert settled() == position


@on_postgres
@for_real
def test_a_savepoint_that_is_undone_leaves_the_earlier_announcement() -> None:
    before, entity_id = write(), uuid4()

    def both() -> None:
        write(entity_id)
        undone(entity_id, 2)

    with uncommitted(both):
        write()
        assert settled() == before


@on_postgres
@for_real
def test_it_announces_anew_after_a_savepoint_was_undone() -> None:
    entity_id = uuid4()

    def both() -> int:
        undone(entity_id)
        return write(entity_id)

    with uncommitted(both) as held:
        later = write()
        assert settled() < later - 1
    assert [event["position"] for event in read_after(0, limit=9)] == [held.result(), later]


@on_postgres
@for_real
def test_a_writer_sees_its_own_events() -> None:
    with transaction.atomic():
        position = write()
        assert read_after(0, limit=9)[-1]["position"] == position


@on_postgres
@for_real
def test_it_does_not_matter_what_a_writer_rolled_back_before() -> None:
    undone(uuid4())
    position = write()
    assert settled() == position


@on_postgres
@for_real
def test_another_writer_in_the_same_session_announces_anew() -> None:
    """What says that a transaction has announced ends with it."""
    write()

    def second() -> int:
        in_one(write)
        run("SELECT 1")
        return settled()

    with uncommitted(write):
        line = alone(second)
        in_one(write)
        assert settled() == line


WRITERS, READERS, ROUNDS = 5, 2, 40


class Writer:
    """Writes events of its own entities and of one that it shares, in transactions that end in any order."""

    def __init__(self, number: int, shared: UUID) -> None:
        self.chance = random.Random(number)
        self.shared = shared
        self.versions: dict[UUID, int] = dict.fromkeys((uuid4(), uuid4()), 0)

    def work(self) -> None:
        try:
            for _ in range(ROUNDS):
                self.one_transaction()
        finally:
            connections.close_all()

    def one_transaction(self) -> None:
        versions = dict(self.versions)
        try:
            with transaction.atomic():
                for _ in range(self.chance.randint(1, 4)):
                    self.one_step(versions)
                    time.sleep(self.chance.choice((0, 0, 0.001, 0.01)))
                if self.chance.random() < 0.2:
                    raise Interrupted
        except Interrupted:
            return
        self.versions = versions

    def one_step(self, versions: dict[UUID, int]) -> None:
        entity_id = self.chance.choice(list(versions))
        match self.chance.choice(("write", "write", "write", "undo", "share", "nothing", "fail")):
            case "write":
                versions[entity_id] += 1
                write(entity_id, versions[entity_id])
            case "undo":
                undone(entity_id, versions[entity_id] + 1)
                undone_around(entity_id, versions[entity_id] + 1)
            case "share":
                self.write_shared()
            case "nothing":
                run("SELECT 1")
            case "fail":
                self.refused(entity_id, versions[entity_id] + 1)

    def write_shared(self) -> None:
        """Whoever counts versions holds the row, as `record` asks."""
        Task.objects.select_for_update(no_key=True).get(pk=self.shared)
        told = Event.objects.filter(entity_type="task", entity_id=self.shared).count()
        write(self.shared, told + 1)

    def refused(self, entity_id: UUID, version: int) -> None:
        """The database itself ends the savepoint."""
        with pytest.raises(IntegrityError):
            in_one(lambda: (write(entity_id, version), write(entity_id, version)))


class Interrupted(Exception):
    """The transaction is given up."""


def follow(start: int, finished: threading.Event, chance: random.Random) -> list[dict[str, Any]]:
    """All events past `start`, page by page, and once more after the writers have finished."""
    seen: list[dict[str, Any]] = []
    try:
        while True:
            last = finished.is_set()
            while page := read_after(start, limit=chance.randint(1, 20)):
                seen += page
                start = page[-1]["position"]
            if last:
                return seen
            time.sleep(0.001)
    finally:
        connections.close_all()


@for_real
def test_readers_see_every_event_once_and_in_order_while_writers_overtake_each_other(
    floor: Floor,
) -> None:
    shared, start, finished = floor.queue(), settled(), threading.Event()
    writers = [Writer(number, shared) for number in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS + READERS) as pool:
        readers = [
            pool.submit(follow, start, finished, random.Random(number)) for number in range(READERS)
        ]
        working = [pool.submit(writer.work) for writer in writers]
        try:
            for future in working:
                future.result(60)
        finally:
            finished.set()
        followed = [reader.result(60) for reader in readers]
    there = list(Event.objects.filter(position__gt=start).order_by("position"))
    assert len(there) > WRITERS * ROUNDS / 2
    for seen in followed:
        assert [event["position"] for event in seen] == [event.position for event in there]
        in_order(seen)


def in_order(seen: list[dict[str, Any]]) -> None:
    """Each entity's versions without a gap, in the order of positions."""
    last: dict[UUID, int] = {}
    for event in seen:
        entity_id, version = event["entity_id"], event["version"]
        assert version == last.get(entity_id, version - 1) + 1
        last[entity_id] = version
