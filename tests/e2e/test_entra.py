"""Logins through Microsoft Entra: the deployed door, with a stand-in for Entra that checks what comes back."""

import itertools
import uuid

import pytest
import requests

import issuer as issuers
from conftest import BOOTSTRAP_DIR, CANARY, CANARY_CODE, CANARY_NUMBER, TEST_CODE, TEST_NUMBER, deployed
from entra import APP, CLIENT, COOKIE, Browser, Entra, followed, form_in
from log_queries import Logs
from login import new_key
from page import Person
from support import Support
from test_logs import boundary_lines
from test_logs import requests as served

REVIEWER = str(uuid.uuid4())


class Employee(Person):
    """Somebody of the tenant. Entra knows no number."""

    _numbers = itertools.count(7000)

    def __init__(self, door, entra, confidential, oid=None):
        self.oid = oid or str(uuid.uuid4())
        self.pairwise = f"pairwise-{uuid.uuid4()}"
        confidential.add("oid", self.oid)
        super().__init__(door, None, confidential, f"entra:{entra.tenant}:{self.oid}")


class Login:
    """One login, in one browser: from Entra's form to what Entra makes of the answer."""

    def __init__(self, door, entra, confidential, person, browser=None, form=None, **asked):
        self.door, self.person = door, person
        self.browser = browser or Browser(door.base_url, confidential)
        self.form = form or entra.asks(person, **asked)
        self.redirect_uri, sent = followed(self.browser.post("/authorize", self.form))
        self.token, self.state = sent["token"], sent["state"]
        self.page = person.page(self.token, cookie=self.browser.cookie)

    def handed_over(self, result, **changed):
        """What our page posts when it is done."""
        fields = {"first_factor_token": self.token, "state": self.state}
        fields |= {"error": "access_denied"} if result is None else {"result_token": result}
        return self.browser.post("/authorize/answer", fields | changed)

    def finished(self, result):
        """What Entra makes of it."""
        answer = self.handed_over(result)
        assert answer.status_code == 200, answer.text
        return posted(answer)


def posted(answer):
    """What Entra makes of the form on this page, which a browser posts."""
    action, fields = form_in(answer.text)
    return requests.post(action, data=fields, timeout=60).json()


@pytest.fixture(scope="module")
def entra(confidential):
    with Entra(confidential) as entra:
        yield entra


@pytest.fixture(scope="module")
def door(hosted_login, provider, confidential, entra, tmp_path_factory):
    """The product with the door of Entra, whose first-factor tokens are those of infra/issuer.yaml."""
    def output(name):
        return lambda deployment: issuers.on(deployment, BOOTSTRAP_DIR).output(name)

    def certificate(deployment):
        return issuers.certificate(deployment, output("AnswerKeyArn")(deployment), tmp_path_factory.mktemp("operator"))

    numbers = {TEST_NUMBER: (TEST_CODE, f"entra:{entra.tenant}:{REVIEWER}"), CANARY_NUMBER: (CANARY_CODE, CANARY)}
    chosen = {
        "FirstFactorIssuer": lambda deployment: issuers.on(deployment, BOOTSTRAP_DIR).url,
        "FirstFactorAudience": issuers.AUDIENCE,
        "FirstFactorKeyArn": output("FirstFactorKeyArn"), "AnswerKeyArn": output("AnswerKeyArn"), "AnswerCertificate": certificate,
        "EntraTenantIds": entra.tenant, "EntraAppId": APP, "EntraClientId": CLIENT, "EntraAuthority": entra.url,
        "TestNumbers": ";".join(f"{number} {code} 2099-12-31T00:00:00Z {subject}" for number, (code, subject) in numbers.items()),
    }
    with deployed(hosted_login, provider, confidential, **chosen) as product:
        entra.discovered(product.base_url)
        yield product


@pytest.fixture(scope="module")
def support(door, confidential):
    access = door.user("joan", door.output("SupportPolicyArn"))
    confidential.add("secret", access["secret_key"])
    return Support(door.base_url, **access)


@pytest.fixture(scope="module")
def newcomer(door, entra, confidential):
    """Creates people who have no number yet."""
    return lambda oid=None: Employee(door, entra, confidential, oid)


@pytest.fixture(scope="module")
def login(door, entra, confidential):
    """Begins a login of a person."""
    return lambda person, **asked: Login(door, entra, confidential, person, **asked)


@pytest.fixture
def person(newcomer, login, support):
    """Somebody who has enrolled a number."""
    person = newcomer()
    enrol(person, login, support)
    return person


def enrol(person, login, support):
    """An administrator opens enrolment, and the person types a number and its code."""
    assert support.act(person.subject, "open-enrolment").status_code == 200
    began = login(person)
    assert began.page.start("sms", phoneNumber=person.number).status_code == 201
    return began.finished(began.page.guess(person.code()).json()["resultToken"])


def test_a_code_by_sms_signs_the_user_in_at_entra(person, login):
    began = login(person)
    assert began.page.start("sms").status_code == 201
    approved = began.page.guess(person.code())
    assert began.finished(approved.json()["resultToken"]) == {"signed_in": person.oid, "amr": ["sms"]}


def test_pound_in_a_call_signs_the_user_in_at_entra(newcomer, login, support, provider):
    person = newcomer()
    # A first login: another one shortly before would have the call ask for four digits.
    assert support.act(person.subject, "open-enrolment").status_code == 200
    began = login(person)
    assert began.page.start("call", phoneNumber=person.number).status_code == 201
    [call] = provider.calls_to(person.number)
    call.pressed("#", call.answered("human").text)
    result = began.page.challenge().json()["resultToken"]
    assert began.finished(result) == {"signed_in": person.oid, "amr": ["tel"]}


def test_entra_finds_our_authorization_endpoint_and_a_key_with_its_certificate(door, entra):
    document = entra.discovered(door.base_url)
    assert document["authorization_endpoint"] == f"{door.base_url}/authorize"
    assert document["issuer"] == f"{door.base_url}/openid"


def test_the_answer_is_of_the_kind_of_assurance_that_was_asked_for(person, login):
    began = login(person, acr=("knowledgeorpossession", "possession"))
    began.page.start("sms")
    assert began.finished(began.page.guess(person.code()).json()["resultToken"])["signed_in"] == person.oid


def test_nobody_can_type_a_number_until_an_administrator_has_opened_enrolment_and_then_once(newcomer, login, support):
    person = newcomer()
    began = login(person)
    refused = began.page.start("sms", phoneNumber=person.number)
    assert refused.status_code in (403, 422) and person.messages() == [], refused.text
    assert enrol(person, login, support) == {"signed_in": person.oid, "amr": ["sms"]}
    # The number is reset, and what was opened is used up.
    assert support.act(person.subject, "reset-phone").status_code == 200
    before = len(person.messages())
    assert login(person).page.start("sms", phoneNumber=person.number).status_code in (403, 422)
    assert len(person.messages()) == before


def test_a_thief_who_has_the_link_but_not_the_cookie_can_do_nothing_with_it(door, person, login, confidential):
    began = login(person)
    for cookie in (None, "0" * 22, f"{began.browser.cookie}; {COOKIE}={began.browser.cookie}"):
        thief = person.page(began.token, cookie=cookie)
        for refused in (thief.challenge(), thief.start("sms"), thief.guess("000000")):
            assert (refused.status_code, refused.json().get("claim")) == (401, "mfa_browser"), refused.text
    assert person.messages()[1:] == []
    # The victim approves the login of the thief, who has a browser of his own; hers gets no answer for it.
    began.page.start("sms")
    result = began.page.guess(person.code()).json()["resultToken"]
    elsewhere = Browser(door.base_url, confidential)
    fields = {"first_factor_token": began.token, "result_token": result, "state": began.state}
    for browser in (elsewhere, login(person).browser):
        assert_nothing_sent(browser.post("/authorize/answer", fields))


def test_the_form_posted_twice_is_one_login_and_its_answer_posted_twice_is_the_same(person, login):
    began = login(person)
    assert began.page.start("sms").status_code == 201
    again = login(person, browser=began.browser, form=began.form)
    assert again.page.start("sms").status_code == 200, "one challenge, within its cooldown"
    result = again.page.guess(person.code()).json()["resultToken"]
    first, second = began.handed_over(result), again.handed_over(result)
    assert first.content == second.content
    assert posted(first) == {"signed_in": person.oid, "amr": ["sms"]}


def test_the_answer_of_one_login_is_not_taken_for_another(person, login):
    first = login(person)
    second = login(person, browser=first.browser)
    first.page.start("sms")
    result = first.page.guess(person.code()).json()["resultToken"]
    assert_not_signed_in(second.handed_over(result))
    assert_not_signed_in(first.handed_over(result, state=second.state))
    assert_not_signed_in(first.handed_over(first.token))
    assert_not_signed_in(first.handed_over(result, first_factor_token=result))
    assert first.finished(result)["signed_in"] == person.oid


def test_a_user_who_gives_up_is_told_so_by_entra(person, login):
    assert login(person).finished(None) == {"error": "access_denied"}


def test_a_test_number_signs_nobody_in(newcomer, login, support):
    reviewer = newcomer(REVIEWER)
    reviewer.number = TEST_NUMBER
    assert support.act(reviewer.subject, "open-enrolment").status_code == 200
    began = login(reviewer)
    started = began.page.start("sms", phoneNumber=TEST_NUMBER)
    if started.status_code == 201:
        result = began.page.guess(TEST_CODE).json()["resultToken"]
        assert_not_signed_in(began.handed_over(result))
    else:
        assert started.status_code in (403, 422), started.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "another"}, {"client_id": None}, {"redirect_uri": None}, {"redirect_uri": "https://thief.example/"},
        {"state": "x" * 65536}, {"state": "x" * 2049},
    ],
    ids=str,
)
def test_what_fails_before_the_redirect_address_is_trusted_is_sent_nowhere(door, entra, newcomer, confidential, wrong):
    browser = Browser(door.base_url, confidential)
    assert_nothing_sent(browser.post("/authorize", entra.asks(newcomer(), **wrong)))
    assert browser.cookie is None


@pytest.mark.parametrize("change", [str.upper, lambda uri: uri + "/", lambda uri: uri + "?x", lambda uri: uri.replace("external", "%65xternal")])
def test_the_redirect_address_is_compared_exactly(door, entra, newcomer, confidential, change):
    form = entra.asks(newcomer(), redirect_uri=change(entra.redirect_uri))
    assert_nothing_sent(Browser(door.base_url, confidential).post("/authorize", form))


@pytest.mark.parametrize(
    "claims",
    [
        {"tid": str(uuid.uuid4())}, {"iss": "https://login.microsoftonline.com/common/v2.0"}, {"aud": CLIENT}, {"aud": str(uuid.uuid4())},
        {"iat": 1_700_000_000, "nbf": 1_700_000_000}, {"oid": None}, {"sub": None}, {"key": new_key()},
        {"key": "the public key as a secret, or any other", "algorithm": "HS256"}, {"key": None, "algorithm": "none"},
    ],
    ids=lambda claims: "-".join(claims),
)
def test_a_hint_that_is_not_entras_for_us_begins_no_login(door, entra, newcomer, confidential, claims):
    person = newcomer()
    answer = Browser(door.base_url, confidential).post("/authorize", entra.asks(person, id_token_hint=entra.hint(person, **claims)))
    assert_not_signed_in(answer)


@pytest.mark.parametrize("wrong", [{"nonce": None}, {"id_token_hint": None}, {"response_type": "code"}, {"acr": ("inherence",)}], ids=str)
def test_a_request_that_cannot_be_served_begins_no_login(door, entra, newcomer, confidential, wrong):
    assert_not_signed_in(Browser(door.base_url, confidential).post("/authorize", entra.asks(newcomer(), **wrong)))


def assert_nothing_sent(answer):
    """A page of ours, which posts nothing and leads nowhere."""
    assert answer.status_code in (400, 413), answer.status_code
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8" and "Location" not in answer.headers
    assert "<form" not in answer.text and "<script" not in answer.text, answer.text


def assert_not_signed_in(answer):
    """A page of ours, or an error that Entra gets."""
    if answer.status_code == 200:
        assert "error" in posted(answer)
    else:
        assert_nothing_sent(answer)


def test_the_answer_page_sends_the_browser_to_the_registered_address_and_has_no_form_action(person, login, entra):
    answer = login(person).handed_over(None)
    assert form_in(answer.text)[0] == entra.redirect_uri
    policy = answer.headers["Content-Security-Policy"]
    # Chromium would apply it to Entra's own redirects as well.
    assert "form-action" not in policy and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert (answer.headers["Referrer-Policy"], answer.headers["Cache-Control"]) == ("strict-origin", "no-store")


def test_nothing_of_a_login_through_entra_is_logged(door, person, login, confidential):
    began = login(person)
    began.page.start("sms")
    assert began.finished(began.page.guess(person.code()).json()["resultToken"])["signed_in"]
    for _ in range(10):
        # The emulator delivers a line that it read late with the environment's next request.
        began.page.challenge(), began.handed_over(None)
        lines = [line for _, line in door.log_lines()]
        if boundary_lines(lines) == served(lines):
            break
    assert {"hint", "nonce", "state", "cookie", "token", "oid"} <= confidential.kinds()
    assert boundary_lines(lines) == served(lines) > 0
    found = list(confidential.found_in(lines))
    assert not found, found[:3]


def test_logins_and_refusals_are_counted_by_step_and_reason(door, person, login, newcomer, entra, confidential):
    logs = Logs(door)
    began = login(person)
    began.page.start("sms")
    assert began.finished(began.page.guess(person.code()).json()["resultToken"])["signed_in"]
    began.handed_over(None)
    stranger = newcomer()
    hint = entra.hint(stranger, tid=str(uuid.uuid4()))
    Browser(door.base_url, confidential).post("/authorize", entra.asks(stranger, id_token_hint=hint))
    for _ in range(10):
        login(person)
        counted = {row.get("Step") or row["Reason"]: row["requests"] for row in logs.ask("How do logins through Entra go")}
        if {"begun", "answered", "cancelled", "hint-tenant"} <= counted.keys():
            break
    assert {"begun", "answered", "cancelled", "hint-tenant"} <= counted.keys(), counted
    assert counted["begun"] > counted["cancelled"] >= 1
