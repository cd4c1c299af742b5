"""The call modes with a secret, each in its own deployment, so that its roles are shown to be sufficient."""

import contextlib
import re

import pytest

from backend import PyJwtBackend
from conftest import RESULT_AUDIENCE, deployed
from page import Person, wrong_codes
from voice import gather


@pytest.fixture
def in_mode(hosted_login, provider, confidential):
    """Deploys a call mode, and returns a login that has asked for a call, the call, and a verifier of results."""
    with contextlib.ExitStack() as running:

        def call(mode):
            chosen = {"CallMode": mode, "ReservedConcurrency": "2"}
            product = running.enter_context(deployed(hosted_login, provider, confidential, **chosen))
            person = Person(product, hosted_login, confidential)
            page = person.log_in()
            started = page.start("call")
            assert started.status_code == 201, started.text
            [ordered] = provider.calls_to(person.number)
            return page, ordered, PyJwtBackend(product.base_url, RESULT_AUDIENCE).verified

        yield call


def test_entering_the_pages_digits_in_the_call_approves(in_mode):
    page, call, verified = in_mode("match-digits")
    shown = page.challenge().json()["matchDigits"]
    assert re.fullmatch("[1-9][0-9]", shown)
    prompt = call.answered("human")
    assert gather(prompt.text).get("finishOnKey") == "#"
    assert page.challenge().json()["matchDigits"] == shown
    assert call.pressed(shown, prompt.text).status == 200
    approved = page.challenge().json()
    assert (approved["state"], approved["matchDigits"]) == ("approved", None)
    assert verified(approved["resultToken"])["amr"] == ["pwd", "tel", "mfa"]


def test_typing_the_calls_code_on_the_page_approves(in_mode, confidential):
    page, call, verified = in_mode("speak-code")
    said = [say.text for say in gather(call.answered("human").text).iter("Say")]
    [code] = {re.sub("[^0-9]", "", words) for words in said if words.startswith("Your code is:")}
    confidential.add("code", code)
    assert call.pressed("#", call.answered("human").text).status == 200
    assert page.challenge().json()["state"] == "pending"
    assert page.guess(next(wrong_codes(code))).status_code == 422
    approved = page.guess(code).json()
    assert approved["state"] == "approved"
    assert verified(approved["resultToken"])["amr"] == ["pwd", "otp", "tel", "mfa"]
