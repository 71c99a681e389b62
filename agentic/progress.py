"""How far a long command has come, for whoever watches it on a terminal; what it says goes elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

# So often is the bar moved, in rows: to move it costs more than to look at one.
STEP = 10_000

Item = TypeVar("Item")


def bar() -> Progress:
    """On the error output, and only where that is a terminal."""
    console = Console(stderr=True)
    columns: tuple[Any, ...] = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
    )
    return Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    )


def counting(rows: Iterator[Item], progress: Progress, work: TaskID) -> Iterator[Item]:
    """The same rows, counted on the bar as they go by."""
    number = 0
    for number, one in enumerate(rows, 1):
        yield one
        if number % STEP == 0:
            progress.advance(work, STEP)
    progress.advance(work, number % STEP)
