"""Files that no model has go after a day; what a model has, and what is young, stays."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from agentic.actors import Actor
from agentic.clean_up import clean_up
from mlregistry import artifacts, tidying
from tests.mlregistry.shelf import trained

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path) -> Path:
    settings.MODEL_ROOT = tmp_path / "models"
    return tmp_path / "models"


def aged(path: Path, seconds: float = tidying.OLD_SECONDS + 60) -> Path:
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def stored(content: bytes) -> Path:
    return artifacts.place_of(artifacts.store(content).sha256)


def test_where_there_is_nothing_there_is_nothing_to_do() -> None:
    assert tidying.tidy() == 0


def test_what_a_model_has_stays_and_what_none_has_goes_after_a_day(operator: Actor) -> None:
    kept = aged(artifacts.place_of(trained(operator).sha256))
    lost, young = aged(stored(b"lost")), stored(b"young")
    assert clean_up() == 1
    assert [path.exists() for path in (kept, lost, young)] == [True, False, True]


def test_what_was_being_written_goes_after_a_day(root: Path) -> None:
    stored(b"something")
    for name in (".incoming-old", ".incoming-young", "notes.txt"):
        (root / name).write_bytes(b"half")
    aged(root / ".incoming-old")
    aged(root / "notes.txt")
    assert tidying.tidy() == 1
    assert {path.name for path in root.iterdir()} == {"sha256", ".incoming-young", "notes.txt"}


def test_it_goes_by_no_link_and_takes_nothing_that_is_not_its_own(tmp_path: Path) -> None:
    place, other = stored(b"lost"), tmp_path / "other"
    other.write_bytes(b"somebody's")
    link = place.with_name("0" * 64)
    link.symlink_to(other)
    aged(place)
    assert tidying.tidy() == 1
    assert (other.exists(), link.is_symlink()) == (True, True)


@pytest.mark.parametrize("is_named", [True, False])
def test_what_is_stored_again_in_the_same_moment_stays(
    operator: Actor, monkeypatch: pytest.MonkeyPatch, is_named: bool
) -> None:
    """With its row, or while the transaction goes on that will name it."""
    place = aged(stored(b'{"threshold": 0.5}'))
    found = [*tidying.orphans()]
    if is_named:
        trained(operator)
        aged(place)
    else:
        stored(b'{"threshold": 0.5}')
    monkeypatch.setattr(tidying, "orphans", lambda: iter(found))
    assert tidying.tidy() == 0
    assert artifacts.read(place.name) == b'{"threshold": 0.5}'


def test_it_deletes_so_many_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidying, "MOST", 2)
    for number in range(3):
        aged(stored(bytes([number])))
    assert [tidying.tidy(), tidying.tidy()] == [2, 1]
