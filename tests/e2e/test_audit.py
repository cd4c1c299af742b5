"""Audit events, from the change in the table to a subscriber's queue."""

import base64
import json
from pathlib import Path

import jwt
import pytest
from jsonschema import Draft202012Validator

from audit import phone_digest
from page import wrong_codes

SCHEMA = json.loads((Path(__file__).parents[2] / "infra" / "events.schema.json").read_text())


@pytest.fixture
def told(subscriber, hosted_login):
    """What is told of a person: the types in their order, and the events."""

    def told(person):
        events = subscriber.events_of(hosted_login.url, person)
        return [event["type"] for event in events], events

    return told


def test_a_login_by_sms_is_told_as_started_sent_and_approved(person, told):
    enrolled(person)
    before, _ = told(person)
    page = person.log_in()
    page.start("sms")
    token = page.guess(person.code()).json()["resultToken"]
    types, events = told(person)
    assert types[len(before):] == ["challenge.started", "challenge.sent", "challenge.approved"]
    result = jwt.decode(token, options={"verify_signature": False})
    for event in events[len(before):]:
        assert (event["challenge"], event["issuer"]) == (result["jti"], result["iss"])
        assert (event["phone"], event["numberSource"]) == (f"+•••••••••{person.number[-2:]}", "enrolled")
    assert (events[-1]["method"], events[-1]["channel"]) == ("sms-code", "sms")


def test_an_enrolment_is_told_with_its_number(person, told):
    enrolled(person)
    types, events = told(person)
    assert types[:2] == ["challenge.started", "challenge.sent"]
    assert sorted(types[2:]) == ["challenge.approved", "phone.enrolled"]  # of one transaction, in either order
    assert len({event["phoneDigest"] for event in events}) == 1


def test_a_call_is_told_as_approved_when_the_account_has_agreed(person, provider, told):
    page = person.log_in()
    page.start("call")
    [call] = provider.calls_to(person.number)
    call.pressed("#", call.answered("human").text)
    assert told(person)[0] == ["challenge.started", "challenge.sent"]
    page.challenge()
    types, events = told(person)
    assert sorted(types[2:]) == ["challenge.approved", "phone.enrolled"]
    assert {event["method"] for event in events if "method" in event} == {"press-pound"}


def test_the_fraud_key_is_told_as_fraud_and_as_the_end_of_the_challenge(person, provider, told):
    person.log_in().start("call")
    [call] = provider.calls_to(person.number)
    call.pressed("0", call.answered("human").text)
    types, events = told(person)
    assert types[:2] == ["challenge.started", "challenge.sent"]
    assert sorted(types[2:]) == ["challenge.denied", "fraud.reported"]
    assert [event["blockedUntil"] for event in events if "blockedUntil" in event] != []


def test_five_wrong_codes_are_told_as_exhausted(person, told):
    page = person.log_in()
    page.start("sms")
    wrong = wrong_codes(person.code())
    for _ in range(5):
        page.guess(next(wrong))
    types, events = told(person)
    assert types == ["challenge.started", "challenge.sent", "challenge.exhausted"]
    assert events[-1]["guesses"] == 5


def test_two_logins_at_once_are_told_as_contested(person, told):
    person.log_in().start("sms")
    person.log_in().start("call")
    types, events = told(person)
    assert sorted(types) == sorted(["challenge.started", "challenge.sent", "challenge.contested"] * 2)
    assert len({event["challenge"] for event in events if event["type"] == "challenge.contested"}) == 2


def test_a_send_that_failed_is_told_after_the_send(person, provider, told):
    with provider.refusing():
        person.log_in().start("call")
    types, events = told(person)
    assert types == ["challenge.started", "challenge.sent", "challenge.send-failed"]
    assert (events[-1]["channel"], events[-1]["delivery"]) == ("call", "failed")


def test_what_is_done_to_an_account_past_the_api_is_told_too(person, product, told):
    enrolled(person)
    before, _ = told(person)
    product.client("dynamodb").update_item(
        TableName=product.output("TableName"), Key=account_of(person, product), UpdateExpression="REMOVE phone, binding",
    )
    types, events = told(person)
    assert types[len(before):] == ["phone.reset"]
    assert "by" not in events[-1]


def test_every_event_is_what_its_schema_says_and_comes_under_its_type(subscriber, person):
    enrolled(person)
    validator = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
    events = subscriber.all()
    assert len(events) >= 4
    for event in events:
        assert list(validator.iter_errors(event["detail"])) == [], event
        assert (event["source"], event["detail-type"]) == ("alliance-mfa", event["detail"]["type"])


def test_no_event_gives_away_a_code_a_number_a_token_or_what_is_kept_of_them(subscriber, product, person, confidential):
    enrolled(person)
    person.log_in().start("call")
    texts = [json.dumps(event["detail"], ensure_ascii=False) for event in subscriber.all()]
    assert list(confidential.found_in(texts)) == []
    kept = [form for secret in binaries(product.stored()) for form in forms(secret)]
    assert kept, "a code's MAC and a call's token are in the table"
    assert [form for form in kept for text in texts if form in text] == []


def test_a_number_is_named_by_the_digest_that_the_stacks_own_key_gives(person, product, told):
    enrolled(person)
    secret = product.client("secretsmanager").get_secret_value(SecretId=product.output("CorrelationKeySecretArn"))
    assert {event["phoneDigest"] for event in told(person)[1]} == {phone_digest(secret["SecretString"], person.number)}


def test_a_change_that_is_brought_again_is_the_same_event(person, product, subscriber):
    enrolled(person)
    told, repeats = subscriber.all(), subscriber.repeats
    account = account_of(person, product)["pk"]
    again = [change for change in product.changes() if change["dynamodb"]["Keys"]["pk"] == account]
    assert len(again) >= 5  # of the account and its challenge: start, guess, approval
    answer = product.client("lambda").invoke(
        FunctionName=product.resource("AuditEventsFunction"), Payload=json.dumps({"Records": again}),
    )
    assert json.load(answer["Payload"]) == {"batchItemFailures": []}
    assert (subscriber.all(), subscriber.repeats - repeats) == (told, 4)


def test_a_removed_item_is_no_event(subscriber, product, person):
    enrolled(person)
    before = subscriber.all()
    product.client("dynamodb").delete_item(TableName=product.output("TableName"), Key=account_of(person, product))
    assert subscriber.all() == before


def enrolled(person):
    """A first login, which enrols the number."""
    page = person.log_in()
    page.start("sms")
    assert page.guess(person.code()).json()["state"] == "approved"


def account_of(person, product):
    """The key of a person's account."""
    items = (item for item in product.stored() if item["sk"] == {"S": "subject"})
    [found] = [item for item in items if item.get("phone") == {"S": person.number}]
    return {name: found[name] for name in ("pk", "sk")}


def binaries(items):
    """Every binary value in the table: MACs of codes, digests of call tokens."""
    for item in items:
        for value in item.values():
            yield from (part["B"] for part in value.get("L", [value]) if "B" in part)


def forms(secret):
    """How a binary value may look in an event."""
    plain = base64.b64encode(secret).decode().rstrip("=")
    return {plain, plain.replace("+", "-").replace("/", "_"), secret.hex()}
