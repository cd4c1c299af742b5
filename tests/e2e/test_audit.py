"""Audit events, from the change in the table to a subscriber's queue."""

import base64
import datetime
import json
import time
from pathlib import Path

import jwt
import pytest
from jsonschema import Draft202012Validator

from audit import phone_digest
from contract import template
from page import wrong_codes
from template import resources

SCHEMA = json.loads((Path(__file__).parents[2] / "infra" / "events.schema.json").read_text())


@pytest.fixture
def events_about(subscriber, hosted_login):
    """The events about a person: their types in order, and the events themselves."""

    def events_about(person):
        events = subscriber.events_of(hosted_login.url, person)
        return [event["type"] for event in events], events

    return events_about


def test_a_login_by_sms_gives_the_events_started_sent_and_approved_and_that_another_was_active_just_before(person, events_about):
    enrolled(person)
    before, _ = events_about(person)
    page = person.log_in()
    page.start("sms")
    token = page.guess(person.code()).json()["resultToken"]
    types, events = events_about(person)
    assert types[len(before):] == ["challenge.started", "challenge.contested", "challenge.sent", "challenge.approved"]
    result = jwt.decode(token, options={"verify_signature": False})
    for event in events[len(before):]:
        assert (event["challenge"], event["issuer"]) == (result["jti"], result["iss"])
        assert (event["phone"], event["numberSource"]) == (f"+•••••••••{person.number[-2:]}", "enrolled")
    assert (events[-1]["method"], events[-1]["channel"]) == ("sms-code", "sms")


def test_an_enrolment_gives_an_event_with_its_number(person, events_about):
    enrolled(person)
    types, events = events_about(person)
    assert types[:2] == ["challenge.started", "challenge.sent"]
    assert sorted(types[2:]) == ["challenge.approved", "phone.enrolled"]  # from one transaction, so in either order
    assert len({event["phoneDigest"] for event in events}) == 1


def test_a_call_gives_the_event_approved_only_once_it_is_settled(person, provider, events_about):
    page = person.log_in()
    page.start("call")
    [call] = provider.calls_to(person.number)
    call.pressed("#", call.answered("human").text)
    assert events_about(person)[0] == ["challenge.started", "challenge.sent"]
    page.challenge()
    types, events = events_about(person)
    assert sorted(types[2:]) == ["challenge.approved", "phone.enrolled"]
    assert {event["method"] for event in events if "method" in event} == {"press-pound"}


def test_the_fraud_key_gives_the_events_fraud_reported_and_denied(person, provider, events_about):
    person.log_in().start("call")
    [call] = provider.calls_to(person.number)
    offer = call.pressed("0", call.answered("human").text)
    types, events = events_about(person)
    assert types[:2] == ["challenge.started", "challenge.sent"]
    assert sorted(types[2:]) == ["challenge.denied", "fraud.reported"]
    [stopped] = [event for event in events if event["type"] == "fraud.reported"]
    assert (stopped["stage"], "blockedUntil" in stopped) == ("stopped", False)
    call.pressed("0", offer.text)
    types, events = events_about(person)
    assert types[4:] == ["fraud.reported"]
    assert (events[-1]["stage"], events[-1]["blockedUntil"] is not None) == ("blocked", True)


def test_five_wrong_codes_give_the_event_exhausted(person, events_about):
    page = person.log_in()
    page.start("sms")
    wrong = wrong_codes(person.code())
    for _ in range(5):
        page.guess(next(wrong))
    types, events = events_about(person)
    assert types == ["challenge.started", "challenge.sent", "challenge.exhausted"]
    assert events[-1]["guesses"] == 5


def test_two_simultaneous_logins_each_give_the_event_contested(person, events_about):
    person.log_in().start("sms")
    person.log_in().start("call")
    types, events = events_about(person)
    assert sorted(types) == sorted(["challenge.started", "challenge.sent", "challenge.contested"] * 2)
    assert len({event["challenge"] for event in events if event["type"] == "challenge.contested"}) == 2


def test_a_failed_send_gives_an_event_after_the_send(person, provider, events_about):
    with provider.refusing():
        person.log_in().start("call")
    types, events = events_about(person)
    assert types == ["challenge.started", "challenge.sent", "challenge.send-failed"]
    assert (events[-1]["channel"], events[-1]["delivery"]) == ("call", "failed")


def test_a_change_made_directly_in_the_table_gives_an_event_too(person, product, events_about):
    enrolled(person)
    before, _ = events_about(person)
    product.client("dynamodb").update_item(
        TableName=product.output("TableName"), Key=account_of(person, product), UpdateExpression="REMOVE phone, binding",
    )
    types, events = events_about(person)
    assert types[len(before):] == ["phone.reset"]
    assert "by" not in events[-1]


def test_every_event_matches_its_schema_and_has_its_type_as_detail_type(subscriber, person):
    enrolled(person)
    validator = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
    events = subscriber.all()
    assert len(events) >= 4
    for event in events:
        assert list(validator.iter_errors(event["detail"])) == [], event
        assert (event["source"], event["detail-type"]) == ("alliance-mfa", event["detail"]["type"])


def test_no_event_leaks_a_code_a_number_a_token_or_their_digests(subscriber, product, person, confidential):
    enrolled(person)
    person.log_in().start("call")
    texts = [json.dumps(event["detail"], ensure_ascii=False) for event in subscriber.all()]
    assert list(confidential.found_in(texts)) == []
    kept = [form for secret in binaries(product.stored()) for form in forms(secret)]
    assert kept, "a code's MAC and a call's token are in the table"
    assert [form for form in kept for text in texts if form in text] == []


def test_a_number_appears_as_its_digest_under_the_stacks_own_key(person, product, events_about):
    enrolled(person)
    secret = product.client("secretsmanager").get_secret_value(SecretId=product.output("CorrelationKeySecretArn"))
    _, events = events_about(person)
    assert {event["phoneDigest"] for event in events} == {phone_digest(secret["SecretString"], person.number)}


def test_a_change_delivered_again_gives_the_same_event(person, product, subscriber):
    enrolled(person)
    events_about, repeats = subscriber.all(), subscriber.repeats
    account = account_of(person, product)["pk"]
    again = [change for change in product.changes() if change["dynamodb"]["Keys"]["pk"] == account]
    assert len(again) >= 5  # to the account and its challenge: start, guess, approval
    answer = product.client("lambda").invoke(
        FunctionName=product.resource("AuditEventsFunction"), Payload=json.dumps({"Records": again}),
    )
    assert json.load(answer["Payload"]) == {"batchItemFailures": []}
    assert (subscriber.all(), subscriber.repeats - repeats) == (events_about, 4)


def test_an_event_has_the_request_that_made_the_change_and_none_if_no_request_did(person, product, events_about):
    enrolled(person)
    _, events = events_about(person)
    requests = [event["requestId"] for event in events]
    assert requests[0] == requests[1] != requests[2] == requests[3], "the start, then the guess"
    product.client("dynamodb").update_item(
        TableName=product.output("TableName"), Key=account_of(person, product), UpdateExpression="REMOVE phone, binding",
    )
    _, events = events_about(person)
    assert "requestId" not in events[-1]


def test_a_replay_from_the_archive_is_marked_as_one_and_has_the_ids_of_the_first_time(person, product, subscriber, hosted_login):
    events, queues = product.client("events"), product.client("sqs")
    bus, name = product.output("EventBusArn"), product.output("EventBusName")
    [properties] = [part["Properties"] for part in resources(template(), "AWS::Events::Archive").values()]
    assert properties["SourceArn"] == {"Fn::GetAtt": ["EventBus", "Arn"]}
    archive = events.create_archive(ArchiveName="audit", EventSourceArn=bus, RetentionDays=1)["ArchiveArn"]
    queue = queues.create_queue(QueueName="replayed")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"source": ["alliance-mfa"], "replay-name": [{"exists": True}]})
    rule = events.put_rule(Name="replayed", EventBusName=name, EventPattern=pattern)["RuleArn"]
    events.put_targets(Rule="replayed", EventBusName=name, Targets=[{"Id": "queue", "Arn": arn}])
    began = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=1)
    enrolled(person)
    known = {event["id"] for event in subscriber.events_of(hosted_login.url, person)}
    events.start_replay(
        ReplayName="again", EventSourceArn=archive, EventStartTime=began,
        EventEndTime=began + datetime.timedelta(minutes=10), Destination={"Arn": bus, "FilterArns": [rule]},
    )
    received, deadline = set(), time.monotonic() + 60
    while not known <= received:
        assert time.monotonic() < deadline, known - received
        for message in queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
            event = json.loads(message["Body"])
            assert event["replay-name"] == "again"
            received.add(event["detail"]["id"])
            queues.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    # The emulator passes over FilterArns and gives them to every rule: to a subscriber that goes by the id, nothing is new.
    assert {event["id"] for event in subscriber.events_of(hosted_login.url, person)} == known


def test_a_deleted_item_gives_no_event(subscriber, product, person):
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
    """The forms that a binary value can take in an event."""
    plain = base64.b64encode(secret).decode().rstrip("=")
    return {plain, plain.replace("+", "-").replace("/", "_"), secret.hex()}
