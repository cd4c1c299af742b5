"""Changing the number: it takes the proof of the current one, then that of the new one, and nothing less."""

import pytest

PROBLEM = "urn:alliance-mfa:problem:"
CHANGE = {"purpose": "change"}


@pytest.fixture
def enrolled(person):
    """Somebody whose number is enrolled."""
    page = person.log_in()
    page.start("sms")
    assert page.guess(person.code()).json()["state"] == "approved"
    return person


@pytest.fixture
def new_phone(someone):
    """The same person's new phone."""
    return someone()


def hint(number):
    return f"+•••••••••{number[-2:]}"


def test_the_number_changes_once_the_old_one_and_then_the_new_one_are_proven(enrolled, new_phone, verified):
    page = enrolled.log_in()
    asked = page.challenge("change").json()
    assert (asked["state"], asked["change"], asked["phoneNumber"]) == ("none", "current-number", hint(enrolled.number))
    assert page.start("sms", **CHANGE).status_code == 201
    proven = page.guess(enrolled.code(), **CHANGE).json()
    assert (proven["state"], proven["change"], proven["phoneNumber"]) == ("none", "new-number", None)
    assert enrolled.log_in().challenge().json()["phoneNumber"] == hint(enrolled.number)

    started = page.start("sms", phoneNumber=new_phone.number, **CHANGE)
    assert (started.status_code, started.json()["state"], started.json()["change"]) == (201, "pending", "new-number")
    changed = page.guess(new_phone.code(), **CHANGE).json()
    assert (changed["state"], changed["change"]) == ("approved", "changed")
    assert page.challenge("change").json()["change"] == "changed"
    assert "resultToken" not in proven | changed
    assert page.challenge().json()["state"] == "none"

    # The first factor still claims the old number, but the enrolled one takes precedence.
    login = enrolled.log_in()
    assert login.challenge().json()["phoneNumber"] == hint(new_phone.number)
    before = len(enrolled.messages())
    login.start("sms")
    claims = verified(login.guess(new_phone.code()).json()["resultToken"])
    assert (claims["sub"], claims["acr"]) == (enrolled.subject, "urn:alliance-mfa:acr:phone")
    assert len(enrolled.messages()) == before


def test_a_call_in_which_pound_approves_cannot_be_used_for_a_change(enrolled, provider):
    page = enrolled.log_in()
    assert page.challenge("change").json()["channels"]["call"]["reason"] == "unreachable"
    refused = page.start("call", **CHANGE)
    assert (refused.status_code, refused.json()["type"]) == (409, f"{PROBLEM}channel-unavailable")
    assert provider.calls_to(enrolled.number) == []


def test_a_first_factor_alone_changes_nothing(enrolled, new_phone, product):
    page = enrolled.log_in()
    refused = page.start("sms", phoneNumber=new_phone.number, **CHANGE)
    assert (refused.status_code, refused.json()["type"]) == (409, f"{PROBLEM}proof-required")
    assert page.start("sms", **CHANGE).status_code == 201
    refused = page.start("sms", phoneNumber=new_phone.number, **CHANGE)
    assert (refused.status_code, refused.json()["type"]) == (409, f"{PROBLEM}proof-required")
    assert new_phone.messages() == []


def test_a_changes_proof_signs_nobody_in_and_a_logins_proof_changes_nothing(enrolled, new_phone):
    page = enrolled.log_in()
    page.start("sms", **CHANGE)
    assert page.guess(enrolled.code()).status_code == 410
    assert page.challenge().json()["state"] == "none"
    login = enrolled.log_in()
    login.start("sms")
    assert login.guess(enrolled.code()).json()["state"] == "approved"
    refused = login.start("sms", phoneNumber=new_phone.number, **CHANGE)
    assert (refused.status_code, refused.json()["type"]) == (409, f"{PROBLEM}proof-required")


def test_there_is_nothing_to_change_without_a_number(person):
    refused = person.log_in_without_number().start("sms", **CHANGE)
    assert (refused.status_code, refused.json()["type"]) == (409, f"{PROBLEM}nothing-to-change")


def test_an_unknown_purpose_is_refused(person):
    page = person.log_in()
    for answer in [page.challenge("recover"), page.start("sms", purpose="recover"), page.guess("123456", purpose="x")]:
        assert (answer.status_code, answer.json()["field"]) == (400, "purpose")
