"""Sockets and long polls, and in the embedded default everything: `uvicorn agentic.asgi:application`."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import MutableMapping
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agentic.settings")

from django.core.asgi import get_asgi_application

django = get_asgi_application()

from agentic.bodies import BoundedBody  # noqa: E402
from agentic.garbage import freeze_what_is_loaded  # noqa: E402
from agentic.hub import Hub  # noqa: E402
from agentic.live import publisher  # noqa: E402
from agentic.longpoll import LongPoll, Receive, Send  # noqa: E402
from oversight import pages_socket, socket  # noqa: E402
from oversight.feed import Feed  # noqa: E402
from oversight.gathering import Gathering  # noqa: E402

# Static files are read by whitenoise, which is synchronous; in the embedded default there are few of them.
warnings.filterwarnings(
    "ignore", message="StreamingHttpResponse must consume synchronous iterators"
)

SOCKET, PAGES_SOCKET = "/api/v1/oversight/ws", "/oversight/live"
hub = Hub()
feed = Feed(hub)
gathering = Gathering(feed)
http = BoundedBody(LongPoll(django, hub))  # type: ignore[arg-type]


async def application(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await live_for_as_long_as_we_serve(receive, send)
    elif scope["type"] == "http":
        await http(scope, receive, send)
    elif scope["path"] == SOCKET:
        await socket.serve(feed, scope, receive, send)
    elif scope["path"] == PAGES_SOCKET:
        await pages_socket.serve(gathering, scope, receive, send)
    else:
        await refuse_socket(receive, send)


async def live_for_as_long_as_we_serve(receive: Receive, send: Send) -> None:
    """The server's own loop listens to what happens elsewhere, and sends what happens here."""
    await receive()
    publisher.use(asyncio.get_running_loop())
    listening = asyncio.ensure_future(hub.listen())
    freeze_what_is_loaded()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    listening.cancel()
    await send({"type": "lifespan.shutdown.complete"})


async def refuse_socket(receive: Receive, send: Send) -> None:
    """There is nothing at this address: the handshake is answered with 403."""
    await receive()
    await send({"type": "websocket.close"})
