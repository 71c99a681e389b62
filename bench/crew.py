"""Processes that do the same at once: psycopg's clients, callers of the services, workers of a peer."""

from __future__ import annotations

import multiprocessing
import pickle
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import django

# Made in each process, it answers to `prepare(seconds)`, then runs for so long and says what it did.
Worker = Callable[[float], Callable[[float], int]]


class Crew:
    """`hire(*args)` is called in each process and makes its worker; `models` when that takes Django."""

    def __init__(
        self, hire: Callable[..., Worker], arguments: list[tuple[Any, ...]], *, models: bool = False
    ) -> None:
        self.members = [Member(pickle.dumps((hire, args)), models) for args in arguments]

    def rate(self, seconds: float, members: int | None = None) -> float:
        """What the first `members` do together, per second."""
        active = self.members[:members]
        for member in active:
            member.ends.send(seconds)
        for member in active:
            member.ends.recv()
        for member in active:
            member.ends.send("go")
        reports: list[tuple[int, float]] = [member.ends.recv() for member in active]
        return sum(done / elapsed for done, elapsed in reports)

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *exception: object) -> None:
        for member in self.members:
            with suppress(BrokenPipeError):
                member.ends.send(None)
            member.process.join()


class Member:
    def __init__(self, packed: bytes, models: bool) -> None:
        context = multiprocessing.get_context("spawn")
        self.ends, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs, packed, models), daemon=True)
        self.process.start()


def work(ends: Connection, packed: bytes, models: bool) -> None:
    if models:
        django.setup()  # before anything is unpacked that needs them
    hire, arguments = pickle.loads(packed)
    worker = hire(*arguments)
    while (seconds := ends.recv()) is not None:
        run = worker(seconds)
        ends.send("ready")
        ends.recv()
        began = time.perf_counter()
        done = run(seconds)
        ends.send((done, time.perf_counter() - began))
