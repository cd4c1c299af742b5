"""What API Gateway refuses before any function runs, and what it lets through."""

import time

import jwt
import pytest
import requests

from login import AUDIENCE, new_key

ROUTES = [("GET", "/v1/challenge"), ("POST", "/v1/challenge"), ("POST", "/v1/challenge/code")]
STRANGER = "https://login.stranger.example"


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_of_a_login_answers_without_a_token(product, method, path):
    answer = requests.request(method, product.base_url + path, json={}, timeout=60)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


@pytest.mark.parametrize(
    "claims",
    [{"exp": 1}, {"iss": STRANGER}, {"aud": "another-api"}, {"aud": None}, {"nbf": 4_000_000_000}],
    ids=["expired", "of another issuer", "for another audience", "for no audience", "not yet valid"],
)
def test_an_invalid_token_is_refused_and_changes_nothing(product, person, hosted_login, claims):
    before = product.stored()
    page = person.page(hosted_login.token(person.subject, **claims))
    assert [page.challenge().status_code, page.start("sms").status_code, page.guess("123456").status_code] == [401] * 3
    assert product.stored() == before


def test_a_token_signed_by_a_stranger_is_refused(person, hosted_login):
    forged = hosted_login.token(person.subject, key=new_key())
    unsigned = jwt.encode({"iss": hosted_login.url, "aud": AUDIENCE, "sub": person.subject}, None, algorithm="none")
    for token in [forged, unsigned, "not.a.token", forged.rsplit(".", 1)[0] + "."]:
        assert person.page(token).challenge().status_code == 401
    assert person.messages() == []


def test_a_valid_token_is_accepted_and_identifies_the_person(person):
    answer = person.log_in().challenge()
    assert (answer.status_code, answer.json()["state"]) == (200, "none")
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_function_refuses_a_valid_token_that_lacks_a_claim_it_needs(person):
    old = int(time.time()) - 901
    for claims, status, problem in [
        ({"jti": None}, 403, "session-missing"),
        ({"auth_time": None}, 401, "unauthenticated"),
        ({"auth_time": old}, 403, "authentication-too-old"),
    ]:
        for answer in [person.log_in(**claims).start("sms"), person.log_in(**claims).challenge()]:
            assert answer.status_code == status
            assert answer.json()["type"] == f"urn:alliance-mfa:problem:{problem}"
    assert person.messages() == []


def test_an_unknown_path_is_not_found(product):
    for path in ["/index.html", "/assets", "/assets/x", "/v1", "/v1/challenge/", "/v1/calls/a/b", "/.well-known/"]:
        assert requests.get(product.base_url + path, timeout=60).status_code in (401, 404), path


def test_browsers_may_call_only_from_the_login_page(product):
    def preflight(origin):
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        return requests.options(f"{product.base_url}/v1/challenge", headers=headers, timeout=60).headers

    allowed = preflight("https://login.example.com")
    assert allowed["Access-Control-Allow-Origin"] == "https://login.example.com"
    assert {"authorization", "content-type"} <= set(allowed["Access-Control-Allow-Headers"].lower().split(","))
    assert {"GET", "POST"} <= set(allowed["Access-Control-Allow-Methods"].split(","))
    assert "Access-Control-Allow-Origin" not in preflight(STRANGER)


def test_the_emulator_enforces_iam_so_the_journeys_show_that_the_roles_are_sufficient(product):
    outsider = product.outsider("dynamodb")
    with pytest.raises(outsider.exceptions.ClientError, match="AccessDenied"):
        outsider.list_tables()
