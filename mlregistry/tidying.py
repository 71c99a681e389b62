"""Files that no model has: what a process left that was killed in the middle, or whose transaction was rolled back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from agentic.clean_up import add_clean_up
from mlregistry.artifacts import HEX, place_of, root
from mlregistry.models import RegisteredModel

# A row may still name what is younger: its transaction goes on.
OLD_SECONDS = 24 * 3600
MOST = 1_000  # in one run


def tidy() -> int:
    """Delete up to `MOST` of them; how many went."""
    gone = 0
    for path in [*unfinished(), *orphans()][:MOST]:
        gone += removed(path)
    return gone


def unfinished() -> Iterator[Path]:
    return (path for path in root().glob(".incoming-*") if is_old(path))


def orphans() -> Iterator[Path]:
    """Folder by folder, with one query for each that has old files."""
    for folder in sorted((root() / "sha256").glob("[0-9a-f][0-9a-f]")):
        old = {path.name: path for path in folder.iterdir() if is_ours(path) and is_old(path)}
        for name in sorted(old.keys() - named(old)) if old else ():
            yield old[name]


def is_ours(path: Path) -> bool:
    return bool(HEX.fullmatch(path.name)) and path.is_file() and not path.is_symlink()


def is_old(path: Path) -> bool:
    with suppress(FileNotFoundError):
        return time.time() - path.lstat().st_mtime > OLD_SECONDS
    return False


def named(names: dict[str, Path]) -> set[str]:
    rows = RegisteredModel.objects.filter(sha256__in=[*names])
    return {*rows.values_list("sha256", flat=True)}


def removed(path: Path) -> bool:
    """Put aside first: whoever stores the same content in this moment gets it back, or has put it there anew."""
    aside = root() / f".incoming-{path.name.removeprefix('.incoming-')}"
    with suppress(FileNotFoundError):
        path.rename(aside)
        if HEX.fullmatch(path.name) and (not is_old(aside) or named({path.name: aside})):
            aside.rename(place_of(path.name))
            return False
        aside.unlink()
        return True
    return False


add_clean_up(tidy)
