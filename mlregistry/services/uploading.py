"""The file of a version that people bring: kept as it is, handed out as it is, and never loaded."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.db import transaction

from agentic import audits
from agentic.actors import Actor
from agentic.errors import DomainError, Invalid, TooLarge
from agentic.vocabulary import AuditAction, EntityType
from mlregistry import artifacts
from mlregistry.artifacts import Incoming
from mlregistry.formats import WrongFormat, format_of
from mlregistry.models import RegisteredModel
from mlregistry.selectors import read_model


class HasFile(DomainError):
    """This version has its file: what was registered is never replaced. Register another version."""

    status = 409
    code = "conflict"


class FileOfJob(DomainError):
    """This version names a training job: only the job itself gives it its file."""

    status = 409
    code = "conflict"


class NotKept(DomainError):
    """The file is of no format that is kept."""

    status = 415
    code = "unsupported_media_type"


def upload_artifact(
    *,
    actor: Actor,
    model_id: UUID,
    pieces: Iterable[bytes],
    sha256: str = "",
    kind: str = "",
    length: int | None = None,
) -> RegisteredModel:
    """The version with its file. `sha256`, `kind` and `length` are what the sender says: it has to be so.

    Invalid and NotKept say what is wrong with the file, HasFile and FileOfJob that this version takes none.
    """
    refuse_second_file(read_model(model_id))
    with artifacts.incoming() as file:
        take(file, pieces)
        refuse_part(file, length)
        found = recognised(file, kind)
        if sha256 and sha256 != file.hash.hexdigest():
            raise Invalid(sha256=f"what arrived has {file.hash.hexdigest()}")
        with transaction.atomic():
            return set_file(model_id, file, found, actor)


def refuse_second_file(model: RegisteredModel) -> None:
    if model.training_job_id:
        raise FileOfJob
    if model.sha256:
        raise HasFile


def take(file: Incoming, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        if file.size + len(piece) > settings.MODEL_MOST_BYTES:
            raise TooLarge(f"The file is over {settings.MODEL_MOST_BYTES:,} bytes.")
        file.write(piece)
    if not file.size:
        raise Invalid(body="there is nothing in it")


def refuse_part(file: Incoming, length: int | None) -> None:
    """A connection that ends too early looks like the end of the file."""
    if length is not None and file.size != length:
        raise Invalid(body=f"{length:,} bytes were stated, and {file.size:,} arrived")


def recognised(file: Incoming, kind: str) -> str:
    try:
        found = format_of(file.file, file.size)
    except WrongFormat as error:
        raise NotKept(str(error)) from error
    if kind and kind != found:
        raise Invalid(format=f"what arrived is {found}")
    return found


def set_file(model_id: UUID, file: Incoming, found: str, actor: Actor) -> RegisteredModel:
    """The row waits for others that upload to it; the file is in its place before the row names it."""
    model = RegisteredModel.objects.select_for_update().get(pk=model_id)
    refuse_second_file(model)
    stored = file.keep()
    model.sha256, model.size, model.format = stored.sha256, stored.size, found
    model.save(update_fields=["sha256", "size", "format"])
    audits.record(
        AuditAction.MODEL_UPLOADED,
        actor=actor,
        entity_type=EntityType.MODEL,
        entity_id=model.pk,
        after={"sha256": stored.sha256, "size": stored.size, "format": found},
        name=model.name,
        version=model.version,
    )
    return model
