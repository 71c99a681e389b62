from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class MlregistryConfig(AppConfig):
    name = "mlregistry"
    verbose_name = "Models"

    def ready(self) -> None:
        autodiscover_modules("checks", "health", "tidying")
