"""The result token, verified by login backends in two languages, with common libraries."""

import base64
import json
import time

import jwt
import pytest
import requests

from backend import JoseBackend, JoserfcBackend, PyJwtBackend
from conftest import RESULT_AUDIENCE
from login import new_key

BACKENDS = pytest.mark.parametrize(
    "backend", [PyJwtBackend, JoserfcBackend, JoseBackend], ids=["PyJWT", "joserfc", "jose"]
)


@pytest.fixture
def approved(person):
    """An approved login, with its result."""
    page = person.log_in(jti="login-of-the-backend", amr=["pwd", "kba"])
    page.start("sms")
    return page, page.guess(person.code()).json()["resultToken"]


@BACKENDS
def test_a_backend_verifies_the_result_from_discovery(product, person, approved, backend):
    page, token = approved
    claims = backend(product.base_url, RESULT_AUDIENCE).verified(token)
    first = jwt.decode(page.token, options={"verify_signature": False})
    assert (claims["iss"], claims["aud"], claims["sub"]) == (product.base_url, RESULT_AUDIENCE, person.subject)
    assert (claims["txn"], claims["auth_time"]) == ("login-of-the-backend", first["auth_time"])
    assert claims["amr"] == ["pwd", "kba", "otp", "sms", "mfa"]
    assert claims["exp"] - claims["iat"] == 300
    assert abs(claims["iat"] - time.time()) < 60


@BACKENDS
def test_a_backend_refuses_a_token_that_is_not_its_result(product, approved, backend):
    page, token = approved
    header, payload, signature = token.split(".")
    changed = json.loads(base64.urlsafe_b64decode(payload + "==")) | {"sub": "someone-else"}
    swapped = base64.urlsafe_b64encode(json.dumps(changed).encode()).decode().rstrip("=")
    own = jwt.encode(changed, new_key(), algorithm="RS256", headers=jwt.get_unverified_header(token))
    judge = backend(product.base_url, RESULT_AUDIENCE)
    for forged in [f"{header}.{swapped}.{signature}", f"{header}.{payload}.", own, page.token]:
        with pytest.raises((jwt.PyJWTError, ValueError)):
            judge.verified(forged)
    with pytest.raises((jwt.PyJWTError, ValueError)):
        backend(product.base_url, "another-backend").verified(token)


def test_reading_the_result_again_gives_the_same_bytes(approved):
    page, token = approved
    assert {page.challenge().json()["resultToken"] for _ in range(3)} == {token}


def test_the_result_is_not_accepted_as_a_first_factor(person, approved):
    _, token = approved
    assert person.page(token).challenge().status_code == 401


def test_keys_and_discovery_can_be_cached_and_contain_nothing_private(product):
    for path in ["jwks.json", "openid-configuration"]:
        answer = requests.get(f"{product.base_url}/.well-known/{path}", timeout=60)
        assert answer.headers["Cache-Control"] == "public, max-age=300"
    [key] = requests.get(f"{product.base_url}/.well-known/jwks.json", timeout=60).json()["keys"]
    assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}
