"""A POST to an address that somebody typed in: only past our own network, bounded in time and size.

The name is looked up once, every address that it stands for must lie outside, and the connection goes to one of these:
so a name that changes its meaning between the look and the connection gains nothing. The certificate is still held
against the name. Redirects are not followed, proxies from the environment are not used, the answer's body is not read.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from ssl import SSLContext, SSLError
from typing import Any

import httpcore
import httpx
from django.conf import settings

from oversight.notifications.names import TooSlow, addresses_within

SECONDS = 5.0  # for all of it, however slowly the other side drips
NAT64 = IPv6Network("64:ff9b::/96")
UNICAST = IPv6Network("2000::/3")
# Global by their numbers, and yet the machine's own surroundings: the services of clouds, and tunnels to anywhere.
INSIDE = tuple(map(ip_network, ("192.0.0.0/24", "168.63.129.16/32", "2002::/16")))


class Undelivered(Exception):
    """It was not taken, for this reason; `final` when another try would be in vain."""

    def __init__(self, why: str, *, final: bool = False) -> None:
        self.why, self.final = why, final
        super().__init__(why)


POINTS_INSIDE = "the address points inside the network"


def post(address: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer; Undelivered when there is none."""
    url = httpx.URL(address)
    wire = httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )
    backend = Outside(time.monotonic() + SECONDS)
    said = [("Host", url.netloc.decode()), ("Content-Length", str(len(body))), *headers.items()]
    try:
        with (
            httpcore.ConnectionPool(ssl_context=certificates(), network_backend=backend) as pool,
            pool.stream("POST", wire, headers=said, content=body, extensions=WAITS) as answer,
        ):
            return answer.status
    except httpcore.TimeoutException as error:
        raise Undelivered(f"no answer within {SECONDS:.0f} seconds") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise Undelivered(named(error)) from error


WAITS = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), SECONDS)}


@cache
def certificates() -> SSLContext:
    return httpx.create_ssl_context()


def named(error: Exception) -> str:
    if isinstance(error.args[0] if error.args else None, SSLError):
        return "its certificate is not good"
    return "cannot connect" if isinstance(error, httpcore.ConnectError) else "no answer in HTTP"


class Outside(httpcore.NetworkBackend):
    """Connects to no address inside, and ends at the deadline, a moment of `time.monotonic`."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failed: Exception = httpcore.ConnectError()
        addresses = addresses_of(host, port, self.deadline)
        for tried, address in enumerate(addresses):
            # A share of the time for each: one that is silent leaves enough for the others.
            share = left(self.deadline) / (len(addresses) - tried)
            try:
                stream = self.plain.connect_tcp(address, port, share)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return Bounded(stream, self.deadline)
        raise failed


class Bounded(httpcore.NetworkStream):
    """A stream whose every step ends at the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self.stream, self.deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, left(self.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, left(self.deadline))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        stream = self.stream.start_tls(ssl_context, server_hostname, left(self.deadline))
        return Bounded(stream, self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def left(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise httpcore.ReadTimeout
    return seconds


def addresses_of(host: str, port: int, deadline: float) -> list[str]:
    """What the name stands for at this moment; Undelivered when any of it lies inside, and that is not allowed."""
    try:
        addresses = addresses_within(left(deadline), host, port)
    except TooSlow as error:
        raise Undelivered("the host's name is not found in time") from error
    except (OSError, UnicodeError) as error:
        raise Undelivered("nobody knows the host's name") from error
    if not settings.WEBHOOK_ALLOW_PRIVATE and not all(map(is_outside, addresses)):
        raise Undelivered(POINTS_INSIDE)
    return addresses


def is_outside(text: str) -> bool:
    """Whether a packet to this address leaves the network, also where one address is wrapped in another."""
    address = unwrapped(ip_address(text))
    if isinstance(address, IPv6Address) and address not in UNICAST:
        return False
    return address.is_global and not address.is_multicast and not in_any(address)


def in_any(address: IPv4Address | IPv6Address) -> bool:
    return any(network.version == address.version and address in network for network in INSIDE)


def unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address
