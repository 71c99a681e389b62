"""Who calls the API of a running platform."""

from __future__ import annotations

from typing import Any

import httpx

from tests.e2e.processes import PASSWORD


class Caller:
    """Somebody who calls the API of one process; an agent with its name and id."""

    def __init__(self, base: str, bearer: str = "", *, name: str = "", agent_id: str = "") -> None:
        self.name, self.id = name, agent_id
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        limits = httpx.Limits(max_connections=300, max_keepalive_connections=100)
        self.bearer = bearer
        self.http = httpx.Client(
            base_url=f"{base}/api/v1", headers=headers, timeout=60, limits=limits
        )

    def call(self, method: str, path: str, **body: Any) -> httpx.Response:
        return self.http.request(method, path, json=body)

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self.call("POST", path, **body)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def said(self, path: str, **body: Any) -> Any:
        """The answer to a call that has to succeed."""
        answer = self.post(path, **body)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()


def signed_in(base: str, name: str = "ada") -> Caller:
    credentials = {"username": name, "password": PASSWORD}
    answer = httpx.post(f"{base}/api/v1/auth/token", json=credentials, timeout=30)
    return Caller(base, answer.json()["access_token"])
