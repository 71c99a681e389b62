"""People of the demo, as the platform knows them: signed in, over HTTP."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any

import httpx

Json = dict[str, Any]
TRIES = 6
FIRST_DELAY = 0.2
SIGN_IN = "/auth/token"


class Refused(Exception):
    """The platform said no; `status` is the HTTP status, `problem` what it said where it said it as JSON."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        is_json = "json" in response.headers.get("content-type", "")
        self.problem: Json = response.json() if is_json else {}
        super().__init__(
            f"{response.request.method} {response.url.path}: {self.status} {response.text[:300]}"
        )


class Person:
    """Signs in with a name and a password, and again when the token has run out."""

    def __init__(self, url: str, name: str, password: str) -> None:
        self.name, self.password = name, password
        self.http = httpx.Client(base_url=f"{url}/api/v1", timeout=15, trust_env=False)

    def __enter__(self) -> Person:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.close()

    def get(self, path: str, **query: Any) -> Json:
        return self.call("GET", path, params=query)

    def post(self, path: str, body: Json, *, key: str = "") -> Json:
        """With `key`, the platform does it once, however often it is said."""
        headers = {"Idempotency-Key": key} if key else {}
        return self.call("POST", path, json=body, headers=headers)

    def patch(self, path: str, body: Json) -> Json:
        return self.call("PATCH", path, json=body)

    def call(self, method: str, path: str, **said: Any) -> Json:
        if "Authorization" not in self.http.headers:
            self.sign_in()
        response = self.answer(method, path, **said)
        if response.status_code == 401:
            self.sign_in()
            response = self.answer(method, path, **said)
        return understood(response)

    def sign_in(self) -> None:
        self.http.headers.pop("Authorization", None)
        said = {"username": self.name, "password": self.password}
        token = understood(self.answer("POST", SIGN_IN, json=said))["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def answer(self, method: str, path: str, **said: Any) -> httpx.Response:
        """Tried again while the platform is not to be reached."""
        for delay in (FIRST_DELAY * 2**n for n in range(TRIES)):
            try:
                response = self.http.request(method, path, **said)
            except httpx.TransportError:
                pass
            else:
                if response.status_code < 502:
                    return response
            time.sleep(delay)
        return self.http.request(method, path, **said)


def understood(response: httpx.Response) -> Json:
    if not response.is_success:
        raise Refused(response)
    answer: Json = response.json()
    return answer
