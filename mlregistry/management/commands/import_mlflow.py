"""`manage.py import_mlflow DIR --name NAME --version-name VERSION`: a model that MLflow saved, into the registry."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError, CommandParser

from agentic.actors import Source, system
from agentic.errors import DomainError
from agents.shapes import Name
from mlregistry.mlflow_optional import from_mlflow_format
from mlregistry.shapes import Version


def text_as(shape: Any) -> Callable[[str], str]:
    """What the API would take: the pages make addresses of it."""

    def taken(text: str) -> str:
        try:
            return str(msgspec.json.decode(msgspec.json.encode(text), type=shape))
        except (msgspec.ValidationError, UnicodeEncodeError) as error:
            raise ArgumentTypeError(str(error)) from error

    return taken


class Command(BaseCommand):
    help = "Enter a model from a folder in MLflow's format. Nothing of it is loaded; pickles are refused."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--name", required=True, type=text_as(Name))
        parser.add_argument(
            "--version-name", required=True, type=text_as(Version), metavar="VERSION"
        )

    def handle(
        self, *args: Any, folder: Path, name: str, version_name: str, **options: Any
    ) -> None:
        read_folder, unreadable = map(from_mlflow_format, ("read_folder", "Unreadable"))
        actor = system(Source.COMMAND)
        try:
            model = read_folder(folder, name=name, version=version_name, actor=actor)
        except unreadable as error:
            raise CommandError(str(error)) from error
        except DomainError as error:
            raise CommandError(f"{error} {error.members.get('errors', '')}".strip()) from error
        self.stdout.write(f"{model} is registered: {model.format}, SHA-256 {model.sha256}.")
