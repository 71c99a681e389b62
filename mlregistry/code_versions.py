"""Which code trained: a digest that changes whenever the trainer, or what it computes with, does."""

from __future__ import annotations

import hashlib
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

from mlregistry.trainers import path_of

# What trainers compute and write with.
LIBRARIES = ("numpy", "scikit-learn", "skops")


def code_version(name: str) -> str:
    """SHA-256 of the trainer's source and of the modules beside it, and of the versions of the libraries."""
    path = path_of(name)
    said = hashlib.sha256(path.encode())
    for file in sources(import_module(path.rpartition(".")[0])):
        said.update(f"\n{file.name}\n".encode() + file.read_bytes())
    for library in LIBRARIES:
        said.update(f"\n{library} {version_of(library)}".encode())
    return said.hexdigest()


def sources(module: ModuleType) -> list[Path]:
    """A trainer leans on its neighbours: whatever lies in the same package counts, in the order of names."""
    if module.__file__ is None:
        return []
    file = Path(module.__file__)
    return sorted(file.parent.glob("*.py")) if module.__package__ else [file]


def version_of(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "is not there"
