"""Server, worker and beat in one process: the embedded default, on whatever database and broker the settings name.

The main thread serves. A signal stops things in order: first what works beside the server, which may still need it,
then the waiting calls, the server, beat, and the worker.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from celery import beat
from celery.worker import WorkController, state
from django.conf import settings

from agentic.asgi import application, hub
from agentic.celery import app
from agentic.live import publisher

# Trainings take one of them at a time, so that deadlines always have theirs.
WORKER_THREADS = 4
QUEUES = [app.conf.task_default_queue, "training"]
# Whoever still talks to the server when it stops has this long; waiting calls are answered at once.
FAREWELL_SECONDS = 3
JOIN_SECONDS = 5
SIGNALS = (signal.SIGINT, signal.SIGTERM)
logger = logging.getLogger(__name__)

# What works beside the server, until the event is set.
Beside = Callable[[threading.Event], None]


class PortTaken(Exception):
    """Something else listens there."""


class Server(uvicorn.Server):
    """Leaves signals to the platform: others have to stop before the server does."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Embedded:
    """The whole platform on one listening socket."""

    def __init__(self, listening: socket.socket, beside: Beside | None = None) -> None:
        self.listening, self.beside = listening, beside
        # A SimpleQueue, because its `put` may be called in a signal handler.
        self.inbox: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self.stopping = threading.Event()
        self.failure: BaseException | None = None
        self.server = Server(
            uvicorn.Config(
                application,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # proxies are counted by `agentic.addresses`, and by nobody else
                log_level="warning",
                ws_max_size=131_072,  # twice what we take, so that we are the ones who say so
                # With it an idle socket takes 58 kB of memory instead of 24, and each push is compressed for each.
                ws_per_message_deflate=False,
                timeout_keep_alive=65,
                timeout_graceful_shutdown=FAREWELL_SECONDS,
            )
        )
        self.worker = WorkController(
            app=app,
            pool="threads",
            concurrency=WORKER_THREADS,
            queues=QUEUES,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        # In memory: the schedule stands in the settings, and a file would have to be kept somewhere.
        self.beat: Any = beat.EmbeddedService(app, thread=True, scheduler_cls=beat.Scheduler)

    def run(self) -> None:
        """Serve until a signal comes. Raises what ended the worker, if that is why it stopped."""
        with self.signals_to_inbox():
            self.sweep()  # what a stop left behind
            working = self.start("worker", self.worker.start)
            self.beat.start()
            self.start("attendant", self.stop_in_order)
            try:
                self.server.run(sockets=[self.listening])
            finally:
                self.stop_celery(working)
        if self.failure:
            raise self.failure

    def sweep(self) -> None:
        app.send_task(settings.CELERY_BEAT_SCHEDULE["sweep"]["task"])

    def start(self, name: str, work: Callable[[], object]) -> threading.Thread:
        def guarded() -> None:
            try:
                work()
            except Exception as error:
                logger.exception("%s ended", name)
                self.inbox.put(error)

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        return thread

    @contextmanager
    def signals_to_inbox(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.on_signal) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def on_signal(self, number: int, frame: object) -> None:
        """The first one stops in order; the second one stops."""
        if self.stopping.is_set():
            self.server.should_exit = self.server.force_exit = True
        self.inbox.put(None)

    def stop_in_order(self) -> None:
        beside = self.beside
        companion = self.start("beside", lambda: beside(self.stopping)) if beside else None
        self.failure = self.inbox.get()
        self.stopping.set()
        if companion:
            companion.join()
        publisher.running_loop().call_soon_threadsafe(hub.close)
        self.server.should_exit = True

    def stop_celery(self, working: threading.Thread) -> None:
        state.should_stop = 0  # type: ignore[assignment] # an exit code, or None
        # The worker looks up when a message comes, and waits for one more before it ends.
        self.sweep()
        self.sweep()
        self.beat.stop()
        working.join(JOIN_SECONDS)
        state.should_stop = None


def listen(host: str, port: int) -> socket.socket:
    """The socket to serve on; port 0 takes any that is free. PortTaken says so in a sentence."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise PortTaken(
            f"Cannot listen on {host}:{port} ({reason}). Take another port with --port."
        ) from error


def address_of(listening: socket.socket) -> str:
    """The address as a browser on this machine takes it."""
    host, port = listening.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - it is compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
