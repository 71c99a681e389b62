"""Several callers at once, each in a thread with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections, transaction

from agentic.errors import DomainError

WAITING_SQL = """
SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


def alone(call: Callable[[], Any]) -> Any:
    """What the call returns, or the error that a door would answer with."""
    try:
        return call()
    except DomainError as error:
        return error
    finally:
        connections.close_all()


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        gate.wait(20)
        return alone(call)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@contextmanager
def uncommitted(call: Callable[[], Any]) -> Iterator[Any]:
    """While the block runs, `call` has been carried out in a transaction that is still open; then it commits."""
    done, go_on = threading.Event(), threading.Event()

    def hold() -> Any:
        try:
            with transaction.atomic():
                result = call()
                done.set()
                assert go_on.wait(20)
            return result
        finally:
            done.set()
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(hold)
        assert done.wait(20)
        try:
            yield future
        finally:
            go_on.set()
            future.result()


@contextmanager
def in_background(call: Callable[[], Any]) -> Iterator[Future[Any]]:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(alone, call)


def wait_until_blocked(seconds: float = 10) -> None:
    """Until some transaction waits for a row that another one holds."""
    for _ in range(int(seconds * 100)):
        with connection.cursor() as cursor:
            cursor.execute(WAITING_SQL)
            if cursor.fetchone()[0]:
                return
        threading.Event().wait(0.01)
    raise AssertionError("nobody waits")


def behind(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """What `second` answers when it comes while `first` is about to commit, and has to wait for it."""
    with ThreadPoolExecutor(1) as pool:
        with uncommitted(first):
            answer = pool.submit(alone, second)
            wait_until_blocked()
        return answer.result(20)
