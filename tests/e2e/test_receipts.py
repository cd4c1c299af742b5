"""Receipts of End User Messaging, from the default bus to the status, the audit events and AWS's feedback.

The local stack's phone stands in for End User Messaging, which the emulator lacks. Like AWS, the emulator refuses events
from the source `aws.…` of anybody but AWS, so the deployed rule, once it is shown to take the event as AWS sends it, takes
one from another source, and its target gets AWS's source back.
"""

import base64
import json
import time
from pathlib import Path

import pytest
import requests

from audit import Subscriber
from conftest import deployed, local_stack
from log_queries import Logs
from page import Person, code_in

SAMPLE = json.loads((Path(__file__).parents[2] / "events" / "receipt-delivered.json").read_text())
STAND_IN = "stand-in.sms-voice"
PATIENCE = 60


@pytest.fixture(scope="module")
def phone():
    """The phone, which leaves receipts to the tests."""
    with local_stack() as stack:
        requests.post(f"{stack['phone']}/faults", json={"receipts": "never"}, timeout=10).raise_for_status()
        yield stack["phone"]


@pytest.fixture(scope="module")
def reported(hosted_login, provider, confidential, phone):
    """The product, with messages that have receipts."""
    endpoints = {"AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2": phone}
    chosen = {"SmsProvider": "end-user-messaging", "ReservedConcurrency": "5"}
    with deployed(hosted_login, provider, confidential, endpoints, **chosen) as product:
        yield product


@pytest.fixture(scope="module")
def rule(reported):
    """The deployed rule, as it is before `bus` changes it."""
    return reported.client("events").describe_rule(Name=reported.resource("MessageReceiptsFunctionReceipt"))


@pytest.fixture(scope="module")
def bus(reported, rule):
    """Puts an event on the default bus."""
    events = reported.client("events")
    pattern = json.loads(rule["EventPattern"]) | {"source": [STAND_IN]}
    events.put_rule(Name=rule["Name"], EventPattern=json.dumps(pattern))
    [target] = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    template = json.dumps(SAMPLE | {"detail": "DETAIL"}).replace('"DETAIL"', "<detail>")
    transformer = {"InputPathsMap": {"detail": "$.detail"}, "InputTemplate": template}
    events.put_targets(Rule=rule["Name"], Targets=[target | {"InputTransformer": transformer}])

    def put(event):
        entry = {"Source": STAND_IN, "DetailType": event["detail-type"], "Detail": json.dumps(event["detail"])}
        assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0

    return put


@pytest.fixture(scope="module")
def subscriber(reported):
    return Subscriber(reported)


@pytest.fixture
def texted(reported, hosted_login, confidential, phone):
    """Somebody who has asked for a code, the page, and the message on the phone."""
    person = Person(reported, hosted_login, confidential)
    page = person.log_in()
    started = page.start("sms")
    assert started.status_code == 201, started.text
    messages = requests.get(f"{phone}/messages", timeout=10).json()
    [message] = [message for message in messages if message["to"] == person.number]
    confidential.add("code", code_in(message["text"]))
    confidential.add("secret", message["context"]["receipt"])
    return person, page, message


def receipt(message, kind="TEXT_DELIVERED", **changes):
    """An event about a message, as AWS sends it."""
    now = int(time.time() * 1000)
    about = {
        "eventType": kind, "eventTimestamp": now, "messageRequestTimestamp": now - 1500, "messageId": message["id"],
        "destinationPhoneNumber": message["to"], "context": message["context"],
    }
    return SAMPLE | {"detail": SAMPLE["detail"] | about | changes}


def last_send(page):
    return page.challenge().json()["channels"]["sms"]["lastSend"]


def test_the_rule_takes_what_aws_reports_of_text_messages_and_nothing_else(reported, rule):
    def takes(**changes):
        event = json.dumps(SAMPLE | changes)
        return reported.client("events").test_event_pattern(EventPattern=rule["EventPattern"], Event=event)["Result"]

    assert rule.get("EventBusName", "default") == "default"
    assert takes()
    assert not takes(source="another.source")
    assert not takes(**{"detail-type": "Media Message Delivery Status Updated"})
    assert not takes(**{"detail-type": "Registration Status Change"})


def test_a_delivery_is_told_by_the_status_and_as_an_event_and_its_code_as_used(
    texted, bus, reported, subscriber, hosted_login, phone
):
    person, page, message = texted
    assert last_send(page) == "sending"
    bus(receipt(message))
    awaited(lambda: last_send(page) == "delivered")
    assert outcome(reported, message) == ("recorded", "INFO")
    delivered = awaited(lambda: [
        event for event in subscriber.events_of(hosted_login.url, person) if event["type"] == "message.delivered"
    ])
    assert [event["country"] for event in delivered] == ["US"]

    assert page.guess(code_in(message["text"])).json()["state"] == "approved"

    def feedback():
        messages = requests.get(f"{phone}/messages", timeout=10).json()
        return next(known["feedback"] for known in messages if known["id"] == message["id"])

    awaited(lambda: feedback() == "received")


def test_a_failure_is_told_without_its_reason_which_is_in_the_event(texted, bus, subscriber, hosted_login):
    person, page, message = texted
    bus(receipt(message, "TEXT_UNREACHABLE"))
    awaited(lambda: last_send(page) == "not-delivered")
    assert "unreachable" not in page.challenge().text
    [failed] = awaited(lambda: [
        event for event in subscriber.events_of(hosted_login.url, person) if event["type"] == "message.failed"
    ])
    assert (failed["reason"], failed["country"]) == ("unreachable", "US")


def test_the_saved_log_queries_count_receipts_and_follow_a_message_to_its_event(
    texted, bus, reported, subscriber, hosted_login
):
    logs, (person, _, message) = Logs(reported), texted
    bus(receipt(message))
    assert outcome(reported, message) == ("recorded", "INFO")
    followed = logs.ask("What became of this message or call", MESSAGE=message["id"])
    [row] = [row for row in followed if row["message"] == "a receipt"]
    assert (row["outcome"], row["event_type"], row["country"]) == ("recorded", "TEXT_DELIVERED", "US")
    [delivered] = awaited(lambda: [
        event for event in subscriber.events_of(hosted_login.url, person) if event["type"] == "message.delivered"
    ])
    assert delivered["requestId"] == row["requestId"]
    counted = {(row["outcome"], row["event_type"]): row["receipts"] for row in logs.ask("What do receipts say")}
    assert counted["recorded", "TEXT_DELIVERED"] >= 1


def test_a_forged_receipt_changes_nothing(texted, bus, reported):
    _, page, message = texted
    before = reported.stored()
    forged = base64.urlsafe_b64encode(bytes(16)).decode().rstrip("=")
    bus(receipt(message, context=message["context"] | {"receipt": forged}))
    assert outcome(reported, message) == ("ignored", "INFO")
    assert last_send(page) == "sending"
    assert reported.stored() == before


def test_a_message_of_another_product_is_no_reason_to_warn(texted, bus, reported):
    _, page, message = texted
    bus(receipt(message, context={"campaign": "spring"}))
    line = awaited(lambda: [line for line in receipts(reported) if line["outcome"] == "not-ours"])
    assert {record["level"] for record in line} == {"INFO"}
    assert last_send(page) == "sending"


def test_no_line_about_a_receipt_names_a_number_a_code_or_the_messages_secret(texted, bus, reported, confidential):
    _, _, message = texted
    bus(receipt(message))
    assert outcome(reported, message) == ("recorded", "INFO")
    bus(receipt(message, "TEXT_TELEPATHIC"))
    awaited(lambda: [line for line in receipts(reported) if line["outcome"] == "unreadable"])
    found = list(confidential.found_in(line for _, line in reported.log_lines()))
    assert not found, found[:3]


def outcome(product, message):
    """What the function logged of its first receipt of a message."""
    [line, *_] = awaited(lambda: [line for line in receipts(product) if line.get("id") == message["id"]])
    return line["outcome"], line["level"]


def receipts(product):
    """The lines of the function, one per event."""
    group = product.resource("MessageReceiptsLogs")
    lines = [json.loads(line, object_pairs_hook=_once) for of, line in product.log_lines() if of == group and line.startswith("{")]
    return [line for line in lines if line.get("message") == "a receipt"]


def _once(pairs):
    assert len({name for name, _ in pairs}) == len(pairs), pairs
    return dict(pairs)


def awaited(find):
    """What `find` eventually finds."""
    deadline = time.monotonic() + PATIENCE
    while not (found := find()):
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.2)
    return found
