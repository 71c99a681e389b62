"""A provider in this process. It tells the truth until a test changes what it says."""

from __future__ import annotations

import json
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.oidc_provider.running import CLIENT_ID


@cache
def rsa_key(name: str, size: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=size)


def listed(name: str, **more: Any) -> dict[str, Any]:
    """A key as a provider lists it."""
    public = jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key(name).public_key(), as_dict=True)
    return {**public, "kid": name, "use": "sig", "alg": "RS256", **more}


class Liar:
    """`said[path]` is what it answers there: a body, or a status and a body."""

    def __init__(self) -> None:
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                liar.answer(self)

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                liar.form = {k: v[0] for k, v in parse_qs(self.rfile.read(length).decode()).items()}
                liar.answer(self)

            def log_message(self, *args: Any) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.asked: list[str] = []
        self.form: dict[str, str] = {}
        self.nonce, self.claims, self.userinfo = "", dict[str, Any](), dict[str, Any]()
        self.signed_with, self.kid = "real", "real"
        self.said: dict[str, Any] = {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "userinfo_endpoint": f"{self.url}/userinfo",
                "jwks_uri": f"{self.url}/keys",
            },
            "/keys": {"keys": [listed("real")]},
        }

    def __enter__(self) -> Liar:
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def id_claims(self) -> dict[str, Any]:
        now = int(time.time())
        truth = {"iss": self.url, "sub": "s-1", "aud": CLIENT_ID, "iat": now, "exp": now + 300}
        claims = truth | {"nonce": self.nonce} | self.claims
        return {name: value for name, value in claims.items() if value is not None}

    def id_token(self) -> str:
        key, headers = rsa_key(self.signed_with), {"kid": self.kid}
        return jwt.encode(self.id_claims(), key, algorithm="RS256", headers=headers)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.partition("?")[0]
        self.asked.append(path)
        usual: dict[str, Any] = {
            "/token": lambda: {"access_token": "a", "id_token": self.id_token()},
            "/userinfo": lambda: {"sub": "s-1"} | self.userinfo,
        }
        said = self.said[path] if path in self.said else usual[path]()
        status, body = said if isinstance(said, tuple) else (200, said)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)
