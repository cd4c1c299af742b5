"""A trusted edge in front of the deployed product: a login through it, around it, and the addresses that limits count."""

import base64
import hashlib
import json
from types import SimpleNamespace

import pytest
import requests

from backend import PyJwtBackend
from conftest import RESULT_AUDIENCE, deployed
from edge import CloudFront
from page import Person
from support import Support

SECRET = "the-secret-that-only-the-edge-of-the-tests-has"


@pytest.fixture(scope="module")
def front(confidential):
    confidential.add("secret", SECRET)
    with CloudFront(SECRET) as cloudfront:
        yield cloudfront


@pytest.fixture(scope="module")
def guarded(hosted_login, provider, confidential, front):
    """The product behind the edge."""
    chosen = {
        "EdgeSecretArn": lambda deployment: deployment.secret("edge", json.dumps({"current": SECRET})),
        "PublicBaseUrl": front.url,
        "ReservedConcurrency": "5",
    }
    with deployed(hosted_login, provider, confidential, **chosen) as product:
        front.origin = product.base_url
        yield product


@pytest.fixture
def visitor(guarded, hosted_login, confidential, front):
    """Someone who opens the public address."""
    public = SimpleNamespace(base_url=front.url, messages=guarded.messages)
    return Person(public, hosted_login, confidential)


def networks(product):
    return {item["pk"]["S"] for item in product.stored() if item["pk"]["S"].startswith("network#")}


def test_a_login_through_the_edge_is_approved_and_its_result_names_the_public_address(visitor, front):
    page = visitor.log_in()
    assert page.start("sms").status_code == 201
    approved = page.guess(visitor.code()).json()
    assert approved["state"] == "approved"
    claims = PyJwtBackend(front.url, RESULT_AUDIENCE).verified(approved["resultToken"])
    assert claims["iss"] == front.url


def test_a_token_bound_to_a_browser_works_through_the_edge_with_that_browsers_cookie_alone(visitor, front):
    cookie = "AAECAwQFBgcICQoLDA0ODw"
    digest = base64.urlsafe_b64encode(hashlib.sha256(cookie.encode()).digest()).decode().rstrip("=")
    headers = {"Authorization": f"Bearer {visitor.log_in(mfa_browser=digest).token}"}

    def ask(sent):
        return requests.get(f"{front.url}/v1/challenge", headers=headers | {"Cookie": sent}, timeout=60)

    assert ask(f"a=1; __Host-mfa-browser={cookie}").json()["state"] == "none"
    for other in ("a=1", f"__Host-mfa-browser={cookie[::-1]}", f"__Host-mfa-browser={cookie}; __Host-mfa-browser={cookie}"):
        assert (ask(other).status_code, ask(other).json()["claim"]) == (401, "mfa_browser"), other


def test_a_call_through_the_edge_is_approved(visitor, provider):
    page = visitor.log_in()
    assert page.start("call").status_code == 201
    [call] = provider.calls_to(visitor.number)
    assert call.pressed("#", call.answered("human").text).status == 200
    assert page.challenge().json()["state"] == "approved"


def test_what_goes_around_the_edge_is_refused(guarded, visitor):
    page = visitor.log_in()
    assert page.start("sms").status_code == 201
    code, before = visitor.code(), guarded.stored()
    own = {"CloudFront-Viewer-Address": "198.51.100.7:46532"}
    for given in ({}, own, {"X-Origin-Verify": ""}, own | {"x-origin-verify": "a guess of thirty-two characters"}):
        given = given | {"Authorization": f"Bearer {page.token}"}
        for method, path, body in (
            ("GET", "/v1/challenge", None),
            ("POST", "/v1/challenge", {"channel": "sms"}),
            ("POST", "/v1/challenge/code", {"code": code}),
        ):
            answer = requests.request(method, guarded.base_url + path, json=body, headers=given, timeout=60)
            assert (answer.status_code, answer.json()["title"]) == (403, "edge required"), (path, given)
    assert guarded.stored() == before
    assert page.guess(code).json()["state"] == "approved"


def test_limits_count_the_viewers_address(guarded, visitor, front):
    for viewer, network in (
        ("198.51.100.23:46532", "network#198.51.100.23"),
        ("2001:db8:5:6:7:8:9:a:443", "network#2001:db8:5:6::"),
    ):
        front.viewer = viewer
        assert visitor.log_in().start("sms").status_code == 201
        assert network in networks(guarded)
    assert "network#127.0.0.1" not in networks(guarded)


def test_an_address_of_the_clients_choice_does_not_reach_the_limits(guarded, visitor, front):
    front.viewer = "198.51.100.24:46532"
    spoofed = {
        "Authorization": f"Bearer {visitor.log_in().token}",
        "CloudFront-Viewer-Address": "192.0.2.99:1",
        "X-Origin-Verify": "a guess",
        "X-Forwarded-For": "192.0.2.99",
    }
    answer = requests.post(f"{front.url}/v1/challenge", json={"channel": "sms"}, headers=spoofed, timeout=60)
    assert answer.status_code == 201
    assert "network#198.51.100.24" in networks(guarded)
    assert "network#192.0.2.99" not in networks(guarded)


def test_administration_is_called_at_the_apis_own_host(guarded, visitor):
    visitor.log_in().start("sms")
    support = Support(guarded.base_url, **guarded.user("support", guarded.output("SupportPolicyArn")))
    assert support.show(visitor.subject).status_code == 200


def test_the_page_and_the_keys_are_the_same_on_both_addresses(guarded, front):
    for path in ("/", "/.well-known/jwks.json", "/mfa-client.js"):
        direct, through = (requests.get(base + path, timeout=60) for base in (guarded.base_url, front.url))
        assert (direct.status_code, through.status_code) == (200, 200), path
        assert direct.text == through.text, path
