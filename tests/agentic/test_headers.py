"""Each answer carries the headers, whoever gave it, under WSGI and under ASGI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as django_settings
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.urls import path

from agentic import settings as written
from agentic import urls
from agentic.models import User
from tests.conftest import PASSWORD, Api

pytestmark = pytest.mark.django_db

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
STRICT = {
    "default-src": "'self'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
}
# Pages and answers, of people who are not signed in; errors of each kind.
ADDRESSES = {
    "/": 200,
    "/healthz": 200,
    "/readyz": 200,
    "/sign-in": 200,
    "/admin/": 302,
    "/api/v1/auth/me": 401,
    "/api/v1/auth/token": 405,
    "/api/v1/nothing": 404,
    "/nothing": 404,
    "/broken": 500,
    "/api/broken": 500,
}

Get = Callable[..., Any]


def policy_of(answer: Any) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in answer["Content-Security-Policy"].split(";"))
    return {name: sources for name, _, sources in parts}


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError


class WithAccidents:
    handler404, handler500 = urls.handler404, urls.handler500
    urlpatterns = [path("broken", broken), path("api/broken", broken), *urls.urlpatterns]


@pytest.fixture(params=["wsgi", "asgi"])
def get(request: pytest.FixtureRequest, settings: Any) -> Get:
    settings.ROOT_URLCONF = WithAccidents()
    if request.param == "wsgi":
        return Client(raise_request_exception=False).get
    return async_to_sync(AsyncClient(raise_request_exception=False).get)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_carries_them(get: Get, address: str) -> None:
    answer = get(address, headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == ADDRESSES[address]
    assert EVERYWHERE.items() <= dict(answer.headers).items()
    assert policy_of(answer) == STRICT
    assert "camera=()" in answer["Permissions-Policy"]
    assert "no-store" in answer["Cache-Control"]
    assert not {"Server", "X-Powered-By"} & answer.headers.keys()


def test_an_answer_to_a_foreign_host_carries_them_too(get: Get, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True  # the first to look at the host
    answer = get("/", headers={"host": "evil.example.org"})
    assert answer.status_code == 400
    assert EVERYWHERE.items() <= dict(answer.headers).items()
    assert policy_of(answer) == STRICT


@pytest.mark.skipif(not django_settings.WHITENOISE_USE_FINDERS, reason="nothing is collected here")
def test_static_files_carry_them_and_may_be_kept(get: Get) -> None:
    answer = get("/static/agentic/plain.css")
    answer.close()
    assert answer.status_code == 200
    assert EVERYWHERE.items() <= dict(answer.headers).items()
    assert policy_of(answer) == STRICT
    assert "public" in answer["Cache-Control"]


def test_behind_tls_a_browser_is_told_to_stay_there(client: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 31_536_000
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    plain = client.get("/", headers={"host": "localhost"})
    assert (plain.status_code, plain["Location"]) == (301, "https://localhost/")
    assert EVERYWHERE.items() <= dict(plain.headers).items()
    secure = client.get("/", headers={"x-forwarded-proto": "https"})
    assert secure["Strict-Transport-Security"].startswith("max-age=31536000")


def test_what_a_signed_in_person_is_shown_is_kept_nowhere(
    client_for: Callable[[User], Api], admin: User
) -> None:
    admin.is_staff = True
    admin.save(update_fields=["is_staff"])
    browser = Client()
    assert browser.login(username=admin.username, password=PASSWORD)
    for address in ("/", "/admin/", "/admin/agents/agent/"):
        assert "no-store" in browser.get(address)["Cache-Control"]
    assert client_for(admin).get("/auth/me")["Cache-Control"] == "no-store"


def test_the_cookies_are_no_business_of_scripts(admin: User, client: Client) -> None:
    client.get("/sign-in")
    client.post("/sign-in", {"username": admin.username, "password": PASSWORD, "next": "/"})
    session, form = client.cookies["sessionid"], client.cookies["csrftoken"]
    for cookie in (session, form):
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert session["max-age"] == ""  # it ends with the browser
    assert 0 < client.session.get_expiry_age() <= 12 * 3600


def test_passwords_are_kept_by_argon2(settings: Any) -> None:
    settings.PASSWORD_HASHERS = written.PASSWORD_HASHERS
    assert make_password(PASSWORD).startswith("argon2$argon2id$")
