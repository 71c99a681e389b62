"""Access tokens: forged ones open no door, and real ones no longer than the sign-in lasts that they come from."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings as django_settings
from django.test import Client

from agentic.actors import system
from agentic.authentication import person_of
from agentic.clock import seconds_from_now
from agentic.models import SignIn, SignInMethod, User
from agentic.people import changing
from agentic.permissions import Anyone
from agentic.roles import Role
from agentic.routes import Route, api_routes
from agentic.sign_ins import begin_sign_in, end_all_of, end_sign_in, tokens_for
from agentic.tokens import issue_access, name_of
from agents.permissions import AgentOnly
from tests.conftest import PASSWORD, Api, make_person

ROOT = Path(__file__).parents[2]
ASKING = [route for route in api_routes() if Anyone not in route.guards]
WELL_KNOWN = "dev-secret-key-change-in-production"
OUR_NAME = name_of(django_settings.JWT_SECRET_KEY)
NOW = int(time.time())
Sign = Callable[[SignIn], str]


@pytest.fixture
def sign_in(admin: User) -> SignIn:
    return begin(admin)


def begin(user: User) -> SignIn:
    return begin_sign_in(user=user, method=SignInMethod.PASSWORD, ip="192.0.2.7", user_agent="")


def forged(*, key: str = "", algorithm: str = "HS256", header: Any = None, **claims: Any) -> Sign:
    """A token as we make it, but for what is named; None leaves a claim out."""

    def sign(sign_in: SignIn) -> str:
        real = jwt.decode(issue_access(sign_in), options={"verify_signature": False})
        wanted = {name: value for name, value in (real | claims).items() if value is not None}
        return jwt.encode(wanted, key or django_settings.JWT_SECRET_KEY, algorithm, header)

    return sign


def by_rsa(sign_in: SignIn) -> str:
    """Signed with a key of the forger's own, which the header offers to verify it with."""
    key = rsa.generate_private_key(65537, 2048)
    offered = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    claims = jwt.decode(issue_access(sign_in), options={"verify_signature": False})
    return jwt.encode(claims, key, "RS256", {"jwk": offered, "kid": "mine"})


def unsigned(sign_in: SignIn) -> str:
    claims = jwt.decode(issue_access(sign_in), options={"verify_signature": False})
    return jwt.encode(claims, "", "none")


def renamed(algorithm: str) -> Sign:
    """A signature of HS256 under a header that says otherwise."""

    def sign(sign_in: SignIn) -> str:
        real = jwt.api_jws.PyJWS(algorithms=["HS256"])
        payload = issue_access(sign_in).split(".")[1]
        header = jwt.utils.base64url_encode(f'{{"alg":"{algorithm}","typ":"JWT"}}'.encode())
        signed = header + b"." + payload.encode()
        key = django_settings.JWT_SECRET_KEY.encode()
        signature = real.get_algorithm_by_name("HS256").sign(signed, key)
        return (signed + b"." + jwt.utils.base64url_encode(signature)).decode()

    return sign


def cut(sign_in: SignIn) -> str:
    return issue_access(sign_in).rpartition(".")[0] + "."


def of_nobody(sign_in: SignIn) -> str:
    return forged(sub=str(uuid4()))(sign_in)


def of_somebody_else(sign_in: SignIn) -> str:
    """The subject is an admin, the sign-in a viewer's."""
    return forged(sid=str(begin(make_person("vic", Role.VIEWER)).pk))(sign_in)


def of_somebody_deactivated(sign_in: SignIn) -> str:
    User.objects.filter(pk=sign_in.user_id).update(is_active=False)
    return issue_access(sign_in)


def of_an_ended_sign_in(sign_in: SignIn) -> str:
    end_sign_in(sign_in, "by a test")
    return issue_access(sign_in)


def of_an_expired_sign_in(sign_in: SignIn) -> str:
    SignIn.objects.update(expires_at=seconds_from_now(-1))
    return issue_access(sign_in)


def a_refresh_token(sign_in: SignIn) -> str:
    token: str = tokens_for(sign_in)["refresh_token"]
    return token


FORGERIES: dict[str, Sign] = {
    "alg none": unsigned,
    "alg none over a real signature": renamed("none"),
    "HS512": forged(algorithm="HS512"),
    "HS384": forged(algorithm="HS384"),
    "HS512 in the header only": renamed("HS512"),
    "RS256 by a key in its header": by_rsa,
    "no signature": cut,
    "a well-known key": forged(key=WELL_KNOWN),
    "a well-known key, named as ours": forged(key=WELL_KNOWN, header={"kid": OUR_NAME}),
    "another random key": forged(key="r" * 40),
    "SECRET_KEY": forged(key=django_settings.SECRET_KEY),
    "expired": forged(exp=NOW - 1),
    "not yet issued": forged(iat=NOW + 3600),
    "not yet valid": forged(nbf=NOW + 3600),
    "another audience": forged(aud="another"),
    "another issuer": forged(iss="agentic-two"),
    "part of our issuer": forged(iss="agenti"),
    "no exp": forged(exp=None),
    "no iat": forged(iat=None),
    "no sub": forged(sub=None),
    "no jti": forged(jti=None),
    "no iss": forged(iss=None),
    "no aud": forged(aud=None),
    "no token_type": forged(token_type=None),
    "no sid": forged(sid=None),
    "a subject that is no id": forged(sub="1"),
    "a sign-in that is no id": forged(sid="1"),
    "a sign-in that never was": forged(sid=str(uuid4())),
    "token_type refresh": forged(token_type="refresh"),
    "a refresh token": a_refresh_token,
    "an unknown subject": of_nobody,
    "the sign-in of somebody else": of_somebody_else,
    "a deactivated person": of_somebody_deactivated,
    "an ended sign-in": of_an_ended_sign_in,
    "an expired sign-in": of_an_expired_sign_in,
}


def asked(client: Client, route: Route, token: str) -> int:
    path = re.sub(r"<[^>]*>", str(uuid4()), route.path)
    headers = {"Authorization": f"Bearer {token}"}
    said = b"" if route.method == "GET" else b"{}"
    kind = "application/json"
    return client.generic(route.method, path, said, kind, headers=headers).status_code


@pytest.mark.parametrize("name", FORGERIES)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")  # what a forger does
def test_a_forged_token_opens_no_door(client: Client, sign_in: SignIn, name: str) -> None:
    token = FORGERIES[name](sign_in)
    opened = [route for route in ASKING if asked(client, route, token) != 401]
    assert not opened


def test_a_real_token_is_known_at_every_door(client: Client, sign_in: SignIn) -> None:
    """So that the refusals above are for the forgery and nothing else. Agents' doors know it, and refuse a person."""
    client.raise_request_exception = False
    token = issue_access(sign_in)
    answers = [(AgentOnly in route.guards, asked(client, route, token)) for route in ASKING]
    assert len(answers) > 30
    assert {status for for_agents, status in answers if for_agents} == {403}
    assert not {401, 403, 500} & {status for for_agents, status in answers if not for_agents}


def test_a_token_as_the_forger_makes_it_passes_when_nothing_is_forged(sign_in: SignIn) -> None:
    assert Api(forged()(sign_in)).get("/auth/me").status_code == 200


def test_who_it_is_takes_one_query(
    sign_in: SignIn, django_assert_num_queries: Any, reviewer: User
) -> None:
    sign_in.user.groups.add(*reviewer.groups.all())
    token = issue_access(sign_in)
    with django_assert_num_queries(1):
        user = person_of(token)
    assert user == sign_in.user
    assert user.role_names == {"admin", "reviewer"}


class TestTheNextRequest:
    """What changes in the database holds at once: nothing is read from the token but who it is."""

    @pytest.fixture
    def api(self, sign_in: SignIn) -> Api:
        api = Api(issue_access(sign_in))
        assert api.get("/admin/agents").status_code == 200
        return api

    def test_a_role_that_was_taken_away_is_gone(self, api: Api, sign_in: SignIn) -> None:
        sign_in.user.groups.clear()
        assert api.get("/admin/agents").status_code == 403

    def test_whoever_was_deactivated_is_nobody(self, api: Api, sign_in: SignIn) -> None:
        User.objects.filter(pk=sign_in.user_id).update(is_active=False)
        assert api.get("/admin/agents").status_code == 401

    def test_whoever_signed_out_is_nobody(self, api: Api, sign_in: SignIn) -> None:
        assert api.post("/auth/logout").status_code == 200
        assert api.get("/admin/agents").status_code == 401

    def test_an_operator_may_end_all_of_a_persons_sign_ins(self, api: Api, sign_in: SignIn) -> None:
        another = Api(issue_access(begin(sign_in.user)))
        end_all_of(sign_in.user, "the laptop was stolen")
        assert [one.get("/auth/me").status_code for one in (api, another)] == [401, 401]

    def test_one_sign_in_ends_without_the_others(self, api: Api, sign_in: SignIn) -> None:
        another = Api(issue_access(begin(sign_in.user)))
        end_sign_in(sign_in, "by a test")
        assert [one.get("/auth/me").status_code for one in (api, another)] == [401, 200]


class TestTwoKeys:
    NEW = "n" * 40

    @pytest.fixture
    def old(self, sign_in: SignIn) -> str:
        return issue_access(sign_in)

    @pytest.fixture
    def rotated(self, old: str, settings: Any) -> None:
        settings.JWT_PREVIOUS_SECRET_KEY = settings.JWT_SECRET_KEY
        settings.JWT_SECRET_KEY = self.NEW

    @pytest.mark.usefixtures("rotated")
    def test_tokens_of_the_previous_key_are_good(self, old: str) -> None:
        assert Api(old).get("/auth/me").status_code == 200

    @pytest.mark.usefixtures("rotated")
    def test_new_ones_are_signed_with_the_new_key_alone(self, sign_in: SignIn) -> None:
        token = issue_access(sign_in)
        assert jwt.decode(token, self.NEW, ["HS256"], audience="agentic-api")
        assert jwt.get_unverified_header(token)["kid"] == name_of(self.NEW)
        assert Api(token).get("/auth/me").status_code == 200

    @pytest.mark.usefixtures("rotated")
    def test_a_token_that_names_the_wrong_one_of_the_two_is_refused(
        self, sign_in: SignIn, settings: Any
    ) -> None:
        previous = settings.JWT_PREVIOUS_SECRET_KEY
        swapped = [
            forged(key=previous, header={"kid": name_of(self.NEW)}),
            forged(key=self.NEW, header={"kid": name_of(previous)}),
            forged(key=previous),
        ]
        answers = [Api(sign(sign_in)).get("/auth/me").status_code for sign in swapped]
        assert answers == [401, 401, 401]

    @pytest.mark.usefixtures("rotated")
    def test_once_the_previous_key_is_gone_so_are_its_tokens(self, old: str, settings: Any) -> None:
        settings.JWT_PREVIOUS_SECRET_KEY = ""
        assert Api(old).get("/auth/me").status_code == 401


GOOD, OTHER = "g0" * 20, "h1" * 20


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({}, "JWT_SECRET_KEY is not set"),
        ({"JWT_SECRET_KEY": "short"}, "JWT_SECRET_KEY is too short"),
        ({"JWT_SECRET_KEY": WELL_KNOWN}, "JWT_SECRET_KEY is a well-known default"),
        (
            {"JWT_SECRET_KEY": "a-string-secret-at-least-256-bits-long"},
            "JWT_SECRET_KEY is a well-known default",
        ),
        ({"JWT_SECRET_KEY": GOOD}, "SECRET_KEY and JWT_SECRET_KEY are the same"),
        (
            {"JWT_SECRET_KEY": OTHER, "JWT_PREVIOUS_SECRET_KEY": "short"},
            "JWT_PREVIOUS_SECRET_KEY is too short",
        ),
        (
            {"JWT_SECRET_KEY": OTHER, "JWT_PREVIOUS_SECRET_KEY": OTHER},
            "JWT_SECRET_KEY and JWT_PREVIOUS_SECRET_KEY are the same",
        ),
        (
            {"JWT_SECRET_KEY": OTHER, "SIGN_IN_FAILURES_PER_ACCOUNT": "0"},
            "SIGN_IN_FAILURES_PER_ACCOUNT is 0",
        ),
        ({"JWT_SECRET_KEY": OTHER}, ""),
        ({"JWT_SECRET_KEY": OTHER, "JWT_PREVIOUS_SECRET_KEY": "i2" * 20}, ""),
    ],
)
def test_nothing_starts_on_a_setting_that_is_not_safe(
    environment: dict[str, str], complaint: str, tmp_path: Path
) -> None:
    bare = {"PATH": os.environ["PATH"], "SECRET_KEY": GOOD, "DATA_DIR": str(tmp_path)}
    somewhere = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    command = [sys.executable, "-c", "import agentic.settings"]
    ended = subprocess.run(
        command, env=bare | somewhere | environment, cwd=ROOT, capture_output=True, check=False
    )
    said = ended.stderr.decode().strip().rpartition("\n")[2]
    assert (ended.returncode == 0, complaint in said) == (not complaint, True)


def test_a_sign_in_by_password_is_written_down(reviewer: User) -> None:
    said = {"username": "rita", "password": PASSWORD}
    Api().post("/auth/token", said, HTTP_USER_AGENT="a test", REMOTE_ADDR="192.0.2.9")
    sign_in = SignIn.objects.get()
    kept = (sign_in.user, sign_in.method, sign_in.ip, sign_in.user_agent)
    assert kept == (reviewer, "password", "192.0.2.9", "a test")


class TestAnAccountThatChanges:
    """Whoever holds a token from before is out, and does not come back by itself."""

    def test_after_a_new_password_one_signs_in_anew(self, sign_in: SignIn) -> None:
        with changing(sign_in.user_id, actor=system()) as user:
            user.set_password("another passphrase")
            user.save(update_fields=("password",))
        assert Api(issue_access(sign_in)).get("/auth/me").status_code == 401
        sign_in.refresh_from_db()
        assert sign_in.ended_because == "the password was changed"

    def test_a_deactivated_account_that_is_opened_again_has_no_old_tokens(
        self, sign_in: SignIn
    ) -> None:
        make_person("alan", Role.ADMIN)  # the last one would stay
        for active in (False, True):
            with changing(sign_in.user_id, actor=system()) as user:
                user.is_active = active
                user.save(update_fields=("is_active",))
        assert Api(issue_access(sign_in)).get("/auth/me").status_code == 401

    def test_another_change_signs_nobody_out(self, sign_in: SignIn) -> None:
        with changing(sign_in.user_id, actor=system()) as user:
            user.first_name = "Ada"
            user.save(update_fields=("first_name",))
        assert Api(issue_access(sign_in)).get("/auth/me").status_code == 200
