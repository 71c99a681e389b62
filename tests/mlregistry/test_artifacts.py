"""Files by their content: what is read is what was stored, and nothing leads anywhere else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mlregistry import artifacts
from mlregistry.artifacts import Unusable


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path) -> Path:
    settings.MODEL_ROOT = tmp_path / "models"
    return tmp_path / "models"


def altered(sha256: str, content: bytes) -> None:
    place = artifacts.place_of(sha256)
    place.unlink()
    place.write_bytes(content)


def test_what_was_stored_is_read_again() -> None:
    stored = artifacts.store(b"weights")
    assert stored.size == 7
    assert artifacts.read(stored.sha256) == b"weights"
    assert artifacts.store(b"weights") == stored


def test_nothing_is_left_of_what_was_not_kept(root: Path) -> None:
    with artifacts.incoming() as file:
        file.write(b"half")
    assert list(root.iterdir()) == []


def test_one_byte_that_changed_is_refused() -> None:
    stored = artifacts.store(b"weights")
    altered(stored.sha256, b"weighty")
    with pytest.raises(Unusable, match="was changed"):
        artifacts.read(stored.sha256)
    with pytest.raises(Unusable, match="was changed"):
        artifacts.check(stored.sha256)


def test_to_store_it_again_heals_it() -> None:
    stored = artifacts.store(b"weights")
    altered(stored.sha256, b"weighty")
    artifacts.store(b"weights")
    assert artifacts.read(stored.sha256) == b"weights"


def test_a_missing_file_says_so() -> None:
    with pytest.raises(Unusable, match="missing"):
        artifacts.read("a" * 64)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    stored = artifacts.store(b"weights")
    place, other = artifacts.place_of(stored.sha256), tmp_path / "elsewhere"
    other.write_bytes(b"weights")
    place.unlink()
    place.symlink_to(other)
    with pytest.raises(Unusable, match="link"):
        artifacts.read(stored.sha256)


def test_a_folder_that_is_a_link_is_not_entered(tmp_path: Path) -> None:
    stored = artifacts.store(b"weights")
    folder = artifacts.place_of(stored.sha256).parent
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unusable, match="link"):
        artifacts.read(stored.sha256)


def test_a_pipe_is_not_waited_for() -> None:
    stored = artifacts.store(b"weights")
    place = artifacts.place_of(stored.sha256)
    place.unlink()
    os.mkfifo(place)
    with pytest.raises(Unusable, match="no plain file"):
        artifacts.read(stored.sha256)


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "/etc/passwd", "a" * 63, "A" * 64, "%2e%2e", "a" * 64 + "\n"]
)
def test_only_a_digest_names_a_file(name: str) -> None:
    with pytest.raises(Unusable, match="no file"):
        artifacts.read(name)


def test_it_reads_no_more_than_it_may() -> None:
    stored = artifacts.store(b"weights")
    with pytest.raises(Unusable, match="larger than 6 bytes"):
        artifacts.read(stored.sha256, most=6)
