"""The peer of `bench.sockets`: the library `websockets` alone, which sends on to all what one tells it.

`python -m bench.raw_sockets PORT`.
"""

from __future__ import annotations

import sys
from http import HTTPStatus

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.http11 import Request, Response

listeners: set[ServerConnection] = set()


async def talk(connection: ServerConnection) -> None:
    if connection.request and connection.request.path == "/tell":
        async for message in connection:
            broadcast(listeners, message)
        return
    listeners.add(connection)
    await connection.wait_closed()
    listeners.discard(connection)


def alive(connection: ServerConnection, request: Request) -> Response | None:
    return connection.respond(HTTPStatus.OK, "") if request.path == "/healthz" else None


async def main(port: int) -> None:
    async with serve(talk, "127.0.0.1", port, compression=None, process_request=alive) as server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
