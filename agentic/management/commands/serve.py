"""`manage.py serve`: server, worker and beat in this one process, until Ctrl-C or SIGTERM."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from agentic.embedded import Beside, Embedded, PortTaken, address_of, listen
from agentic.one_server import RunsAlready, the_only_server

HOST, PORT = "127.0.0.1", 8000


class Command(BaseCommand):
    help = "Serve the whole platform from this one process: server, worker and beat."
    requires_migrations_checks = True

    def add_arguments(self, parser: CommandParser) -> None:
        add_address(parser)

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        with platform_on(host, port) as (platform, address):
            self.stdout.write(f"The platform answers on {address} (Ctrl-C stops it).")
            platform.run()


def add_address(parser: CommandParser) -> None:
    parser.add_argument("--host", default=HOST, help=f"where to listen ({HOST})")
    parser.add_argument("--port", type=int, default=PORT, help=f"0 takes any free one ({PORT})")


@contextmanager
def platform_on(
    host: str, port: int, beside: Beside | None = None
) -> Iterator[tuple[Embedded, str]]:
    """The platform, ready to run, and its address. What stands in its way is said in a sentence."""
    try:
        with listen(host, port) as listening, held(address_of(listening)):
            yield Embedded(listening, beside), address_of(listening)
    except (PortTaken, RunsAlready) as error:
        raise CommandError(str(error)) from error


@contextmanager
def held(address: str) -> Iterator[None]:
    """With services of their own several may serve; on the embedded default's data only one."""
    if not settings.EMBEDDED:
        yield
        return
    with the_only_server(settings.DATA_DIR, address):
        yield
