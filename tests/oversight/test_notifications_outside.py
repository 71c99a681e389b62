"""Webhooks lead out of the network, to the host that was named, and come to an end."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agentic.errors import Invalid
from oversight.notifications import names as looking_up
from oversight.notifications import outside
from oversight.notifications.addresses import checked_webhook, shown
from oversight.notifications.outside import POINTS_INSIDE, Undelivered, is_outside, post
from tests.oversight.receivers import Receiver, serving

# By number, however it is spelled: refused as soon as it is typed in.
NUMBERS = (
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "0.0.0.0", "0", "10.0.0.5",
    "172.16.3.4", "192.168.1.1", "100.64.0.1", "169.254.169.254", "169.254.169.254.", "0xa9fea9fe", "192.0.0.192",
    "168.63.129.16", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "[::1]", "[::]", "[fe80::1]",
    "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]", "[::ffff:127.0.0.1]", "[::ffff:169.254.169.254]", "[::127.0.0.1]",
    "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:db8::1]", "[2001:0:7f00:1::]", "[64:ff9b:1::a00:1]",
)  # fmt: skip
HOUSE = ("localhost", "LOCALHOST.", "hooks.localhost", "redis", "postgres:5432")
WRONG = (
    "", "https://0177.0.0.1/",
    "ftp://hooks.example.org/", "http://hooks.example.org/", "hooks.example.org/x", "https://", "https:///x",
    "https://me:pass@hooks.example.org/", "https://hooks.example.org@127.0.0.1/", "https://hooks.example.org/#part",
    "https://hooks.example.org/\r\nX-Injected: yes", "https://hooks.exa mple.org/", "file:///etc/passwd",
    "javascript:alert(1)", "https://hooks.example.org:99999/", "https://\u2488.example.org:x/", "https://[::1",
    "gopher://127.0.0.1:6379/_FLUSHALL", "https://" + "a" * 70 + ".org/", "https://x.org/" + "y" * 1000,
)  # fmt: skip


@pytest.mark.parametrize("host", [*NUMBERS, *HOUSE])
def test_what_lies_inside_is_refused_when_it_is_typed_in(host: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_webhook(f"https://{host}/hook")
    assert refused.value.members["errors"] == {"address": [POINTS_INSIDE]}


@pytest.mark.parametrize("address", WRONG, ids=range(len(WRONG)))
def test_what_is_no_address_of_a_webhook_is_refused(address: str) -> None:
    with pytest.raises(Invalid):
        checked_webhook(address)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://hooks.example.org/a?b=c", "https://hooks.example.org/a?b=c"),
        (" https://HOOKS.example.org ", "https://hooks.example.org"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ("https://1.1.1.1:8443/", "https://1.1.1.1:8443/"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
    ],
    ids=["plain", "capitals", "idn", "number", "six"],
)
def test_what_lies_outside_is_kept_in_its_plain_spelling(typed: str, kept: str) -> None:
    assert checked_webhook(typed) == kept


def test_a_setting_allows_what_lies_inside(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    assert checked_webhook("http://10.0.0.5:9000/hook") == "http://10.0.0.5:9000/hook"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://hooks.slack.com/services/T0/B1/s3cr3t9", "https://hooks.slack.com/…r3t9"),
        ("https://hooks.example.org/?token=s3cr3t9", "https://hooks.example.org/…r3t9"),
        ("https://hooks.example.org/", "https://hooks.example.org/"),
    ],
    ids=["path", "query", "bare"],
)
def test_only_the_end_of_an_address_is_shown(address: str, told: str) -> None:
    assert shown(address) == told


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"])
def test_addresses_outside_are_known_as_such(address: str) -> None:
    assert is_outside(address)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """`names(host, *addresses)` makes the host's name stand for these, whoever asks; and tells how often one did."""
    ask = socket.getaddrinfo
    asked: list[str] = []

    def stand_for(host: str, *addresses: str) -> list[str]:
        def answer(name: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
            if name not in {host, host.encode()}:
                return ask(name, port, *args, **kwargs)
            asked.append(host)
            return [entry for one in addresses for entry in ask(one, port, *args, **kwargs)]

        monkeypatch.setattr(socket, "getaddrinfo", answer)
        return asked

    return stand_for


@pytest.mark.parametrize("inside", ["127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fd00::1"])
def test_a_name_that_stands_for_something_inside_is_refused_when_it_is_sent(
    names: Callable[..., list[str]], inside: str
) -> None:
    """Also when another of its addresses is a good one."""
    names("hooks.example.org", "1.1.1.1", inside)
    with pytest.raises(Undelivered, match=POINTS_INSIDE):
        post("https://hooks.example.org/hook", b"{}", {})


def test_a_number_inside_is_refused_when_it_is_sent() -> None:
    """It came in while a setting allowed it."""
    with pytest.raises(Undelivered, match=POINTS_INSIDE):
        post("http://127.0.0.1:1/hook", b"{}", {})


def test_the_name_is_looked_up_once_and_that_very_address_connected_to(
    names: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that stands for something else a moment later gains nothing."""
    receiver = Receiver()
    port = receiver.server_address[1]
    asked = names("hooks.example.org", "127.0.0.1")
    monkeypatch.setattr(outside, "is_outside", lambda address: True)
    with serving(receiver):
        assert post(f"http://hooks.example.org:{port}/hook", b"{}", {}) == 204
    assert asked == ["hooks.example.org"]
    assert receiver.got[0].headers["Host"] == f"hooks.example.org:{port}"


def test_an_address_that_nobody_answers_at_makes_way_for_the_next(
    names: Callable[..., list[str]], settings: Any
) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    receiver = Receiver()
    names("hooks.example.org", "127.0.0.2", "127.0.0.1")
    with serving(receiver):
        assert post(f"http://hooks.example.org:{receiver.server_address[1]}/", b"{}", {}) == 204


@contextmanager
def deaf(host: str, port: int = 0) -> Iterator[int]:
    """An address where whoever knocks waits: its queue is full, and nobody takes them in."""
    with socket.socket() as door, socket.socket() as first:
        door.bind((host, port))
        door.listen(0)
        first.connect(door.getsockname())
        yield door.getsockname()[1]


def test_an_address_that_is_silent_leaves_time_for_the_next(
    names: Callable[..., list[str]], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    monkeypatch.setattr(outside, "SECONDS", 2.0)
    receiver = Receiver()
    port = receiver.server_address[1]
    names("hooks.example.org", "127.0.0.2", "127.0.0.3", "127.0.0.1")
    with serving(receiver), deaf("127.0.0.2", port), deaf("127.0.0.3", port):
        assert post(f"http://hooks.example.org:{port}/", b"{}", {}) == 204


def test_addresses_that_are_all_silent_take_no_longer_than_one(
    names: Callable[..., list[str]], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    monkeypatch.setattr(outside, "SECONDS", 0.6)
    names("hooks.example.org", "127.0.0.2", "127.0.0.3")
    began, given_up = time.monotonic(), pytest.raises(Undelivered, match="no answer within")
    with deaf("127.0.0.2") as port, deaf("127.0.0.3", port), given_up:
        post(f"http://hooks.example.org:{port}/", b"{}", {})
    assert time.monotonic() - began < 1.5


def test_a_name_that_nobody_knows_is_said_so() -> None:
    with pytest.raises(Undelivered, match="nobody knows the host's name"):
        post("https://no-such-host.invalid/hook", b"{}", {})


def test_no_proxy_of_the_environment_is_asked(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    for name in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    receiver = Receiver()
    with serving(receiver):
        assert post(receiver.address, b"{}", {}) == 204


# Certificates.


def certificate_for(name: str, folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@contextmanager
def behind_tls(file: Path) -> Iterator[Receiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    receiver = Receiver()
    receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
    with serving(receiver):
        yield receiver


@pytest.mark.parametrize(
    ("host", "taken"), [("hooks.example.org", True), ("other.example.org", False)]
)
def test_the_certificate_is_held_against_the_name(
    names: Callable[..., list[str]],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    host: str,
    taken: bool,
) -> None:
    """Though the connection goes to a number."""
    settings.WEBHOOK_ALLOW_PRIVATE = True
    file = certificate_for("hooks.example.org", tmp_path)
    trusting = ssl.create_default_context(cafile=str(file))
    monkeypatch.setattr(outside, "certificates", lambda: trusting)
    names(host, "127.0.0.1")
    with behind_tls(file) as receiver:
        address = f"https://{host}:{receiver.server_address[1]}/hook"
        if taken:
            assert post(address, b"{}", {}) == 204
            return
        with pytest.raises(Undelivered, match="its certificate is not good"):
            post(address, b"{}", {})
        assert receiver.got == []


def test_a_certificate_that_nobody_vouches_for_is_refused(settings: Any, tmp_path: Path) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    not_good = pytest.raises(Undelivered, match="its certificate is not good")
    with behind_tls(certificate_for("localhost", tmp_path)) as receiver, not_good:
        post(f"https://localhost:{receiver.server_address[1]}/hook", b"{}", {})


# Bounds.


class Dripping(socketserver.BaseRequestHandler):
    """Answers a byte at a time, and never comes to an end."""

    def handle(self) -> None:
        self.request.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while True:
            try:
                self.request.sendall(b"x")
            except OSError:
                return
            time.sleep(0.02)


class Silent(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(1)
        while self.request.recv(65_536):
            pass


class Garbage(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(b"\x00\x01 not HTTP at all\r\n\r\n")


class Endless(socketserver.BaseRequestHandler):
    """A good answer with a body of gigabytes."""

    def handle(self) -> None:
        self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n")
        try:
            while True:
                self.request.sendall(b"x" * 65_536)
        except OSError:
            return


@contextmanager
def answering(kind: type[socketserver.BaseRequestHandler]) -> Iterator[str]:
    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), kind)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_address[1]}/"


@pytest.fixture
def in_a_hurry(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    monkeypatch.setattr(outside, "SECONDS", 0.3)


@pytest.mark.parametrize("kind", [Dripping, Silent])
@pytest.mark.usefixtures("in_a_hurry")
def test_a_slow_answer_is_not_waited_for(kind: type[socketserver.BaseRequestHandler]) -> None:
    begun = time.monotonic()
    with answering(kind) as address, pytest.raises(Undelivered, match="no answer within"):
        post(address, b"{}", {})
    assert time.monotonic() - begun < 5


@pytest.mark.usefixtures("in_a_hurry")
def test_what_is_not_http_is_no_answer() -> None:
    with answering(Garbage) as address, pytest.raises(Undelivered, match="no answer in HTTP"):
        post(address, b"{}", {})


@pytest.mark.usefixtures("in_a_hurry")
def test_a_body_is_not_read() -> None:
    with answering(Endless) as address:
        assert post(address, b"{}", {}) == 200


@pytest.mark.usefixtures("in_a_hurry")
def test_nobody_there_is_said_so() -> None:
    with pytest.raises(Undelivered, match="cannot connect"):
        post("http://127.0.0.1:1/", b"{}", {})


def test_a_name_that_nobody_answers_for_ends_at_the_deadline(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: silence.wait(20) and [])
    monkeypatch.setattr(outside, "SECONDS", 0.3)
    began = time.monotonic()
    try:
        with pytest.raises(Undelivered, match="not found in time"):
            post("https://silent.example.org/", b"", {})
        assert time.monotonic() - began < 5
    finally:
        silence.set()
        for _ in range(looking_up.MOST_AT_ONCE):
            assert looking_up.places.acquire(timeout=5)
        looking_up.places.release(looking_up.MOST_AT_ONCE)


def test_look_ups_that_hang_are_so_many_at_most_and_give_their_places_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silence, begun = threading.Event(), []

    def hang(*args: Any, **kwargs: Any) -> list[Any]:
        begun.append(args)
        silence.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setattr(looking_up, "places", threading.BoundedSemaphore(2))
    try:
        for _ in range(5):
            with pytest.raises(looking_up.TooSlow):
                looking_up.addresses_within(0.05, "silent.example.org", 443)
        assert len(begun) == 2
    finally:
        silence.set()
    assert looking_up.addresses_within(5, "silent.example.org", 443) == []
    for _ in range(2):
        assert looking_up.places.acquire(timeout=5)


def test_who_waits_for_a_place_does_not_wait_as_long_again_for_the_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silence, places = threading.Event(), threading.BoundedSemaphore(1)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: silence.wait(20) and [])
    monkeypatch.setattr(looking_up, "places", places)
    places.acquire()
    threading.Timer(0.8, places.release).start()
    began = time.monotonic()
    try:
        with pytest.raises(looking_up.TooSlow):
            looking_up.addresses_within(1, "silent.example.org", 443)
        assert time.monotonic() - began < 1.5
    finally:
        silence.set()
    assert places.acquire(timeout=5)


def test_a_look_up_that_cannot_begin_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoneLeft(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(looking_up, "Thread", NoneLeft)
    monkeypatch.setattr(looking_up, "places", threading.BoundedSemaphore(1))
    with pytest.raises(RuntimeError):
        looking_up.addresses_within(1, "hooks.example.org", 443)
    assert looking_up.places.acquire(timeout=0)
