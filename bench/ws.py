"""A WebSocket client that costs little: it takes frames apart, and hands each to whoever listens."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from collections.abc import Callable

Hear = Callable[[bytes], None]
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


class Listener(asyncio.Protocol):
    """One connection. Frames of a server are not masked, and ours come whole."""

    def __init__(self, head: bytes, hear: Hear) -> None:
        self.head, self.hear, self.buffer, self.is_open = head, hear, b"", False
        self.opened = asyncio.get_running_loop().create_future()
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.transport.write(self.head)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("refused"))
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        if not self.is_open and not self.shake_hands():
            return
        place = 0
        while frame := self.frame_at(place):
            opcode, start, place = frame
            self.take(opcode, self.buffer[start:place])
        self.buffer = self.buffer[place:]

    def shake_hands(self) -> bool:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        if b" 101 " not in self.buffer[:20]:
            self.transport.close()
            return False
        self.buffer, self.is_open = self.buffer[end + 4 :], True
        self.opened.set_result(None)
        return True

    def frame_at(self, place: int) -> tuple[int, int, int] | None:
        """Opcode, start and end of the frame there, if it is whole."""
        if len(self.buffer) < place + 2:
            return None
        length, start = self.buffer[place + 1] & 0x7F, place + 2
        if length >= 126:
            size = 2 if length == 126 else 8
            if len(self.buffer) < start + size:
                return None
            (length,) = struct.unpack_from("!H" if size == 2 else "!Q", self.buffer, start)
            start += size
        if len(self.buffer) < start + length:
            return None
        return self.buffer[place] & 0x0F, start, start + length

    def take(self, opcode: int, content: bytes) -> None:
        if opcode == TEXT:
            self.hear(content)
        elif opcode == PING:
            self.send(content, PONG)
        elif opcode == CLOSE:
            self.transport.close()

    def send(self, content: bytes, opcode: int = TEXT) -> None:
        """Masked, as a client must; with a mask of zeroes the content stays as it is."""
        length = len(content)
        if length < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | length)
        elif length < 1 << 16:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, length)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, length)
        self.transport.write(head + bytes(4) + content)


async def listen(port: int, path: str, hear: Hear, **headers: str) -> Listener:
    """Connected, with the handshake done."""
    key = base64.b64encode(os.urandom(16)).decode()
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = (
        f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
    )
    loop = asyncio.get_running_loop()
    _, listener = await loop.create_connection(
        lambda: Listener(head.encode(), hear), "127.0.0.1", port
    )
    await listener.opened
    return listener
