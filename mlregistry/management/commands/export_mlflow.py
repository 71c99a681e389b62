"""`manage.py export_mlflow NAME VERSION DIR`: a version with its file, as a folder in MLflow's format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mlregistry.artifacts import Unusable
from mlregistry.mlflow_optional import from_mlflow_format
from mlregistry.models import RegisteredModel


class Command(BaseCommand):
    help = "Write a version of a model into a new folder, in MLflow's format."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("version_of_it", metavar="version")
        parser.add_argument("folder", type=Path, help="is made, and must not be there")

    def handle(
        self, *args: Any, name: str, version_of_it: str, folder: Path, **options: Any
    ) -> None:
        write_folder = from_mlflow_format("write_folder")
        model = RegisteredModel.objects.filter(name=name, version=version_of_it).first()
        if model is None:
            raise CommandError("There is no such version.")
        try:
            write_folder(model, folder)
        except (Unusable, FileExistsError) as error:
            raise CommandError(f"{model} is not written: {error}") from error
        self.stdout.write(f"{model} is in {folder}.")
