"""A subscriber to the audit events, as a security team would have one: a rule on the bus that fills a queue."""

import base64
import hashlib
import hmac
import itertools
import json
import time

PATIENCE = 60


class Subscriber:
    """Receives every event on the bus since it subscribed."""

    _marks = itertools.count(1)

    def __init__(self, product):
        self._product, self._sqs = product, product.client("sqs")
        self._bus, self._events, self._seen = product.output("EventBusName"), [], set()
        self.repeats = 0
        self._queue = self._sqs.create_queue(QueueName="audit")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        rules = product.client("events")
        pattern = json.dumps({"source": ["alliance-mfa"]})
        rules.put_rule(Name="audit", EventBusName=self._bus, EventPattern=pattern)
        target = {"Id": "queue", "Arn": attributes["Attributes"]["QueueArn"]}
        rules.put_targets(Rule="audit", EventBusName=self._bus, Targets=[target])

    def events_of(self, issuer, person):
        """The details of all events about a person, in order."""
        return [event["detail"] for event in self.all() if event["detail"].get("subject") == digest(issuer, person)]

    def all(self):
        """All events so far, each once. Once the mark arrives, so have the events of all earlier changes."""
        mark = f"network#mark-{next(self._marks)}"
        self._product.client("dynamodb").put_item(TableName=self._product.output("TableName"), Item={
            "pk": {"S": mark}, "sk": {"S": "mark#0#0"}, "used": {"N": "1"}, "quota": {"N": "1"},
        })
        marks = sum(self._is_mark(event) for event in self._events)
        deadline = time.monotonic() + PATIENCE
        while sum(self._is_mark(event) for event in self._events) == marks:
            assert time.monotonic() < deadline, "no event has arrived from the bus"
            self._receive()
        return [event for event in self._events if not self._is_mark(event)]

    def _is_mark(self, event):
        return event["detail"].get("limit") == "mark"

    def _receive(self):
        received = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in received.get("Messages", []):
            event = json.loads(message["Body"])
            if event["detail"]["id"] in self._seen:
                self.repeats += 1
            else:
                self._seen.add(event["detail"]["id"])
                self._events.append(event)
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])


def digest(issuer, person):
    """A person, in the form used in events."""
    return _text(_framed("subject", issuer, person.subject))


def phone_digest(secret, number):
    """A number, in the form used in events, with the key in the stack's secret."""
    key = hashlib.sha256(json.loads(secret)["key"].encode()).digest()
    return _text(hmac.new(key, f"number#{_text(_framed('number', number))}".encode(), "sha256").digest())


def _framed(*parts):
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in map(str.encode, parts))).digest()


def _text(digest):
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
