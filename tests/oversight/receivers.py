"""Real receivers on this machine: one of webhooks, and one of e-mail."""

from __future__ import annotations

import email
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import msgspec


class Post(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        return msgspec.json.decode(self.body)


class Receiver(ThreadingHTTPServer):
    """Answers `statuses` one by one, and the last of them from then on."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.got: list[Post] = []
        self.statuses = [204]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hooks/7f3a"


class Answering(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(Post(self.path, dict(self.headers), body))
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Nobody reads it."""


class Letter(NamedTuple):
    to: list[str]
    message: Message

    @property
    def text(self) -> str:
        plain = self.message.get_payload(decode=True)
        assert isinstance(plain, bytes)
        return plain.decode()


class Mailbox(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP as a client needs to deliver; `refuses` is what it says to a recipient instead of yes."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Delivering)
        self.got: list[Letter] = []
        self.refuses = b""

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Delivering(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        self.say(b"220 here")
        to: list[str] = []
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"RCPT":
                to.append(line.decode().partition("<")[2].partition(">")[0])
                self.say(self.server.refuses or b"250 yes")
            elif word == b"DATA":
                self.say(b"354 go on")
                self.server.got.append(Letter(to, email.message_from_bytes(self.data())))
                self.say(b"250 taken")
            else:
                self.say(b"221 bye" if word == b"QUIT" else b"250 yes")

    def data(self) -> bytes:
        lines = iter(self.rfile.readline, b".\r\n")
        return b"".join(line.removeprefix(b".") for line in lines)

    def say(self, answer: bytes) -> None:
        self.wfile.write(answer + b"\r\n")


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
