"""A version of a model as a folder in MLflow's format, out and in: alone in this it takes mlflow-skinny and pandas.

Only what MLmodel says is read, as data: no flavour of MLflow is ever asked to load anything.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import msgspec
import yaml
from django.db import transaction
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, DataType, Schema

from agentic.actors import Actor
from mlregistry import artifacts
from mlregistry.artifacts import PIECE
from mlregistry.models import RegisteredModel
from mlregistry.services.registration import register_model
from mlregistry.services.uploading import upload_artifact

OURS, LARGEST_TEXT = "agentic", 1_000_000
KEPT_OF_IT = ("metrics", "parameters", "signature", "card")
# Our words for the types of what goes in and out, and MLflow's.
TYPES = {
    "float": DataType.double,
    "int": DataType.long,
    "str": DataType.string,
    "bool": DataType.boolean,
}


class Unreadable(Exception):
    """The folder is no model in MLflow's format that could be taken; the message tells people why."""


class Described(NamedTuple):
    """What MLmodel says: where the file is, and what there is to know of it."""

    data: str
    metadata: dict[str, Any]


def write_folder(model: RegisteredModel, folder: Path) -> None:
    """MLmodel and the file beside it. Unusable when the version has no file, or not the one that it had."""
    content = artifacts.read(model.sha256)
    folder.mkdir(parents=True, exist_ok=False)
    name = f"model.{model.format}"
    (folder / name).write_bytes(content)
    told = Model(signature=signature_of(model.signature), metadata=metadata_of(model))
    told.add_flavor(OURS, data=name, format=model.format, sha256=model.sha256)
    if model.format == "skops":
        told.add_flavor("sklearn", pickled_model=name, serialization_format="skops")
    if model.format == "onnx":
        told.add_flavor("onnx", data=name)
    told.save(str(folder / "MLmodel"))


def metadata_of(model: RegisteredModel) -> dict[str, Any]:
    told = {name: getattr(model, name) for name in KEPT_OF_IT}
    return {OURS: {"name": model.name, "version": model.version, **told}}


def signature_of(said: Mapping[str, Any]) -> ModelSignature | None:
    """In MLflow's words, where each of ours has one."""
    takes, gives = schema_of(said.get("inputs")), schema_of(said.get("outputs"))
    return ModelSignature(takes, gives) if takes and gives else None


def schema_of(columns: Any) -> Schema | None:
    if not isinstance(columns, dict) or not all(kind in TYPES for kind in columns.values()):
        return None
    return Schema([ColSpec(TYPES[kind], name) for name, kind in columns.items()])


def read_folder(folder: Path, *, name: str, version: str, actor: Actor) -> RegisteredModel:
    """The version, entered with its file. Unreadable, or an error of the registry, says why not."""
    told = described(text_of(folder))
    file = inside(folder, told.data)
    with transaction.atomic():
        model = register_model(actor=actor, name=name, version=version, **told.metadata)
        return upload_artifact(actor=actor, model_id=model.pk, pieces=pieces(file))


def text_of(folder: Path) -> str:
    file = inside(folder, "MLmodel")
    if file.stat().st_size > LARGEST_TEXT:
        raise Unreadable("MLmodel is larger than 1 MB.")
    return file.read_text(errors="replace")


def described(text: str) -> Described:
    try:
        # An alias is small in the file and endless in memory; MLflow writes none.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise Unreadable("MLmodel holds an alias.")
        said = Model.from_dict(yaml.safe_load(text))
        return Described(data_of(said.flavors), told_by(said))
    except (
        yaml.YAMLError,
        MlflowException,
        TypeError,
        AttributeError,
        ValueError,
        KeyError,
    ) as error:
        raise Unreadable(f"MLmodel cannot be read: {error}") from error


def data_of(flavors: Mapping[str, Any]) -> str:
    """Where the file is, of the first flavour that is no pickle."""
    for flavor, key in ((OURS, "data"), ("onnx", "data"), ("sklearn", "pickled_model")):
        said = flavors.get(flavor) or {}
        is_safe = flavor != "sklearn" or said.get("serialization_format") == "skops"
        if is_safe and isinstance(said.get(key), str):
            return str(said[key])
    known = ", ".join(sorted(map(str, flavors))) or "none"
    raise Unreadable(
        f"No flavour of it can be taken ({known}): onnx can, and sklearn as skops. Pickles run code when they are read."
    )


def told_by(said: Model) -> dict[str, Any]:
    """What we wrote once, and of others the signature."""
    ours = (said.metadata or {}).get(OURS) or {}
    kept = {name: ours[name] for name in KEPT_OF_IT if isinstance(ours.get(name), dict)}
    if "signature" not in kept and said.signature:
        kept["signature"] = columns_of(said.signature)
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(kept))
    return plain


def columns_of(signature: ModelSignature) -> dict[str, Any]:
    sides = {"inputs": signature.inputs, "outputs": signature.outputs}
    return {side: schema.to_dict() for side, schema in sides.items() if schema}


def inside(folder: Path, name: str) -> Path:
    """A plain file of the folder, and no link on the way to it."""
    parts = PurePosixPath(name).parts
    if (
        not parts
        or PurePosixPath(name).is_absolute()
        or ".." in parts
        or "\\" in name
        or "\0" in name
    ):
        raise Unreadable(f"{name!r} leads out of the folder.")
    steps = [folder.joinpath(*parts[: count + 1]) for count in range(len(parts))]
    if any(step.is_symlink() for step in steps):
        raise Unreadable(f"{name!r} is a link, or leads over one.")
    if not steps[-1].exists() or not stat.S_ISREG(steps[-1].lstat().st_mode):
        raise Unreadable(f"{name!r} is not there, or no plain file.")
    return steps[-1]


def pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece
