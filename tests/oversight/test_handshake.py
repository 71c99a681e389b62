"""Which page may open a socket: one that lies where the socket does, or that a setting names."""

from __future__ import annotations

from typing import Any

import pytest

from oversight.handshake import is_a_page_of_ours, origin_is_ours

HOST = "agents.example.org"


def opened_from(origin: str, host: str = HOST, *, scheme: str = "wss", **headers: str) -> Any:
    said = {"origin": origin, "host": host, **headers}
    pairs = [(name.replace("_", "-").encode(), text.encode()) for name, text in said.items()]
    return {"scheme": scheme, "headers": pairs}


@pytest.fixture(autouse=True)
def ours(settings: Any) -> None:
    settings.ALLOWED_HOSTS = [HOST, "localhost"]
    settings.CSRF_TRUSTED_ORIGINS = []
    settings.SECURE_PROXY_SSL_HEADER = None


@pytest.mark.parametrize(
    ("origin", "host", "scheme"),
    [
        (f"https://{HOST}", HOST, "wss"),
        (f"https://{HOST}", f"{HOST}:443", "wss"),
        (f"https://{HOST}:8443", f"{HOST}:8443", "wss"),
        ("http://localhost:8000", "localhost:8000", "ws"),
        ("http://localhost", "LOCALHOST", "ws"),
    ],
)
def test_a_page_from_the_same_place_opens_one(origin: str, host: str, scheme: str) -> None:
    assert is_a_page_of_ours(opened_from(origin, host, scheme=scheme))


@pytest.mark.parametrize(
    "origin",
    [
        f"http://{HOST}",
        f"https://{HOST}:8443",
        f"https://other.{HOST}",
        f"https://{HOST}.evil.example",
        "https://localhost",
        "null",
        "http://[",
    ],
)
def test_a_page_with_another_scheme_host_or_port_is_refused(origin: str) -> None:
    assert not origin_is_ours(opened_from(origin))


def test_a_host_that_is_none_of_ours_vouches_for_nobody() -> None:
    assert not origin_is_ours(opened_from("https://evil.example", "evil.example"))


def test_behind_a_proxy_that_ends_tls_the_proxy_says_how_it_was_asked(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    by_tls = opened_from(f"https://{HOST}", scheme="ws", x_forwarded_proto="https")
    plain = opened_from(f"https://{HOST}", scheme="ws", x_forwarded_proto="http")
    assert (origin_is_ours(by_tls), origin_is_ours(plain)) == (True, False)


def test_without_such_a_proxy_nobody_is_believed_who_says_so() -> None:
    said = opened_from(f"https://{HOST}", scheme="ws", x_forwarded_proto="https")
    assert not origin_is_ours(said)


def test_a_setting_names_others(settings: Any) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://desk.example.org", "https://*.example.net"]
    for origin in ("https://desk.example.org", "https://a.example.net"):
        assert origin_is_ours(opened_from(origin))
    for origin in ("http://desk.example.org", "https://a.example.net.evil.example", "https://x"):
        assert not origin_is_ours(opened_from(origin))


def test_a_program_names_no_origin_and_a_page_has_to() -> None:
    scope = {"scheme": "ws", "headers": [(b"host", HOST.encode())]}
    assert (origin_is_ours(scope), is_a_page_of_ours(scope)) == (True, False)
