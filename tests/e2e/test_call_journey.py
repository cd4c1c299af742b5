"""Call Me, from the first factor's token to the verified result."""

import pytest

from voice import gather, signature

PROMPT = {"input": "dtmf", "finishOnKey": "", "numDigits": "1", "timeout": "10", "method": "POST"}


@pytest.fixture
def called(person, provider):
    """A login that has asked for a call, and the call."""
    page = person.log_in()
    started = page.start("call")
    assert started.status_code == 201, started.text
    [call] = provider.calls_to(person.number)
    return page, call


def test_pound_in_an_answered_call_approves_without_anything_else(called, person, verified):
    page, call = called
    assert page.challenge().json()["call"] == "calling"
    assert call.becomes("ringing").status == 204
    assert page.challenge().json()["call"] == "ringing"

    prompt = call.answered("human")
    assert (prompt.status, PROMPT.items() <= gather(prompt.text).attrib.items()) == (200, True)
    assert page.challenge().json()["call"] == "answered"
    thanks = call.pressed("#", prompt.text)
    assert (thanks.status, gather(thanks.text)) == (200, None)

    approved = page.challenge().json()
    assert approved["state"] == "approved"
    claims = verified(approved["resultToken"])
    assert (claims["sub"], claims["amr"]) == (person.subject, ["pwd", "tel", "mfa"])
    assert call.becomes("completed").status == 204
    assert page.challenge().json()["resultToken"] == approved["resultToken"]


def test_the_call_is_ordered_with_short_ringing_and_machine_detection(called, person):
    _, call = called
    assert {name: call.order[name] for name in ("To", "Timeout", "TimeLimit", "MachineDetection")} == {
        "To": [person.number], "Timeout": ["20"], "TimeLimit": ["120"], "MachineDetection": ["Enable"],
    }
    assert call.order["StatusCallbackEvent"] == ["initiated", "ringing", "answered", "completed"]


def test_a_forged_webhook_is_refused_and_changes_nothing(called, product):
    page, call = called
    prompt = call.answered("human").text
    before = product.stored()
    stolen = signature(call.status_url, {"Digits": "#"})
    for signatures in [[], [""], ["forged"], [stolen], [stolen, stolen]]:
        answers = [
            call.pressed("#", prompt, signatures=signatures),
            call.becomes("completed", signatures=signatures),
            call.answered("machine_start", signatures=signatures),
        ]
        assert [answer.status for answer in answers] == [403] * 3
    assert product.stored() == before
    assert page.challenge().json()["state"] == "pending"
    assert call.pressed("#", prompt).status == 200
    assert page.challenge().json()["state"] == "approved"


def test_a_right_signature_sent_twice_is_refused(called):
    page, call = called
    url = gather(call.answered("human").text).get("action")
    form = {"Digits": "#"}
    assert call.post(url, form, signatures=[signature(url, call.filled(form))] * 2).status == 403
    assert page.challenge().json()["state"] == "pending"


@pytest.mark.parametrize("by", ["machine_start", "fax", "unknown", "something new", None])
def test_pound_approves_only_from_a_human_and_anybody_else_enters_the_pages_digits(called, by, verified):
    page, call = called
    script = call.answered(by)
    pound = call.answer_url.removesuffix("answer") + "digits"
    assert call.post(pound, {"Digits": "#"}).status == 200
    shown = page.challenge().json()
    assert shown["state"] == "pending"
    entry = gather(script.text).get("action")
    assert entry.endswith("/four-digits")
    call.post(entry, {"Digits": shown["matchDigits"]})
    assert verified(page.challenge().json()["resultToken"])["amr"] == ["pwd", "tel", "mfa"]


def test_an_abandoned_sign_in_does_not_spoil_the_next(called, person, provider):
    _, abandoned = called
    abandoned.becomes("busy")
    page = person.log_in()
    assert page.start("call").json()["contested"]
    call = provider.calls_to(person.number)[-1]
    entry = gather(call.answered("human").text).get("action")
    shown = page.challenge().json()["matchDigits"]
    assert len(shown) == 4
    call.post(entry, {"Digits": shown})
    assert page.challenge().json()["state"] == "approved"


@pytest.mark.parametrize(
    ("status", "seen"), [("busy", "busy"), ("no-answer", "no-answer"), ("failed", "failed"), ("canceled", "failed")]
)
def test_after_a_failed_call_the_message_is_offered(called, person, status, seen):
    page, call = called
    call.becomes(status)
    over = page.challenge().json()
    assert (over["call"], over["offerAlternative"], over["channels"]["sms"]["available"]) == (seen, True, True)
    assert page.start("sms").status_code == 201
    assert page.guess(person.code()).json()["state"] == "approved"


def test_zero_stops_the_sign_in_and_calls_and_a_message_signs_in_meanwhile(called, person, provider):
    page, call = called
    offer = call.pressed("0", call.answered("human").text)
    assert gather(offer.text).get("action").endswith("/block")
    stopped = page.challenge().json()
    assert (stopped["state"], stopped["fraudReport"], page.start("sms").status_code) == ("denied", "stopped", 403)
    again = person.log_in()
    paused = again.challenge().json()
    assert (paused["state"], paused["fraudReport"]) == ("none", None)
    assert (paused["channels"]["call"]["reason"], paused["channels"]["call"]["nextSendAt"]) == (
        "call-reported", stopped["retryAt"],
    )
    refused = again.start("call").json()
    assert (refused["limit"], refused["retryAt"]) == ("call-reported", stopped["retryAt"])
    again.start("sms")
    assert again.guess(person.code()).json()["state"] == "approved"
    assert len(provider.calls_to(person.number)) == 1


def test_a_second_zero_in_the_call_blocks_the_person(called, person, provider):
    page, call = called
    offer = call.pressed("0", call.answered("human").text)
    assert gather(call.pressed("0", offer.text).text) is None
    blocked = page.challenge().json()
    assert (blocked["state"], blocked["fraudReport"]) == ("blocked", "blocked")
    assert blocked["retryAt"] is not None
    for sign_in in [page, person.log_in()]:
        for channel in ["sms", "call"]:
            assert sign_in.start(channel).json()["type"] == "urn:alliance-mfa:problem:blocked"
    assert len(provider.calls_to(person.number)) == 1


def test_one_persons_call_approves_nobody_else(called, someone, provider):
    _, call = called
    other = someone()
    victim = other.log_in()
    victim.start("call")
    [theirs] = provider.calls_to(other.number)
    theirs.answered("human")
    swapped = theirs.answer_url.replace(theirs.token, call.token).removesuffix("answer") + "digits"
    assert theirs.post(swapped, {"Digits": "#"}).status == 200
    assert victim.challenge().json()["state"] == "pending"


def test_every_request_to_the_provider_has_its_key(called, provider):
    assert provider.refused == []
