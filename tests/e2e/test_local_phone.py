"""The local stack's phone, as AWS End User Messaging: boto3's own client uses it, and the service's model, as botocore has it,
says what it must refuse and how it may answer. No product is deployed for this."""

import json
import re

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from conftest import local_stack

SERVICE = "pinpoint-sms-voice-v2"
MESSAGE = {
    "DestinationPhoneNumber": "+14155552671",
    "OriginationIdentity": "pool-0123456789abcdef0123456789abcdef",
    "MessageBody": "123456 is your Example code.\n\n@login.example.com #123456",
    "MessageType": "TRANSACTIONAL",
    "ConfigurationSetName": "codes",
    "MaxPrice": "0.10",
    "TimeToLive": 300,
    "Context": {"challenge": "AAAA", "receipt": "AAECAwQFBgcICQoLDA0ODw"},
    "MessageFeedbackEnabled": True,
}
# What the phone's switch is set to, and the exception and reason that it leads to.
REFUSALS = [
    ("throttle", "ThrottlingException", None),
    ("auth", "AccessDeniedException", None),
    ("disabled", "AccessDeniedException", "ACCOUNT_DISABLED"),
    ("reputation", "AccessDeniedException", "INSUFFICIENT_ACCOUNT_REPUTATION"),
    ("500", "InternalServerException", None),
    ("opted-out", "ConflictException", "DESTINATION_PHONE_NUMBER_OPTED_OUT"),
    ("unverified", "ConflictException", "DESTINATION_PHONE_NUMBER_NOT_VERIFIED"),
    ("country-blocked", "ConflictException", "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION"),
    ("number-blocked", "ConflictException", "DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE"),
    ("no-sender", "ConflictException", "NO_ORIGINATION_IDENTITIES_FOUND"),
    ("unknown-sender", "ResourceNotFoundException", None),
    ("unfit-sender", "ValidationException", "INVALID_IDENTITY_FOR_DESTINATION_COUNTRY"),
    ("spend-limit", "ServiceQuotaExceededException", "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"),
]
# Texts of all kinds; each member's pattern and length in the model say which of them it takes.
TEXTS = [
    "", " ", "a", "A1", "a b", " a", "a ", "a\tb", "a\nb", "\n", "é", "码", "+", "+1", "1", "12", "012", "+012",
    "+14155552671", "14155552671", "1-415", "+1 415", "a+b", "a_b", "a:b", "a/b", "a-b", "a.b", "a#b", ".", ".1", "1.",
    "1.1", "0.10", "12.12345", "123.1", "1.123456", "-1.1", "1,1", "1e1", "TRANSACTIONAL", "Transactional", "RECEIVED",
    "received", "IN_ENTITY_ID", "arn:aws:sms-voice:us-east-1:123456789012:pool/pool-1",
]


@pytest.fixture(scope="module")
def stack():
    with local_stack() as stack:
        yield stack


@pytest.fixture
def switch(stack):
    """Sets the phone's switches, until the end of the test."""

    def switch(**faults):
        answer = requests.post(f"{stack['phone']}/faults", json=faults, timeout=10)
        assert answer.status_code == 200, answer.text

    yield switch
    switch(sms="none", receipts="delivered")


@pytest.fixture
def client(stack, monkeypatch):
    """A client that finds the phone by the variable that the functions get, and whose answers are held to the model."""
    for name in ("AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, stack["environment"][name])
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1}, region_name=stack["environment"]["AWS_REGION"])
    client = boto3.session.Session().client(SERVICE, config=config)
    client.meta.events.register("after-call", _is_as_modelled)
    return client


def _is_as_modelled(http_response, model, **_):
    """Every member of an answer is in the model, with the model's type and one of its words."""
    body = json.loads(http_response.content)
    if http_response.status_code < 300:
        shape = model.output_shape
    else:
        kind = body.pop("__type").partition("#")[2]
        shape = next((shape for shape in model.error_shapes if shape.name == kind), None)
        assert shape or kind == "SerializationException", f"{kind} is no error of {model.name}"
        if not shape:
            return
    assert not ParamValidator().validate(body, shape).has_errors(), ParamValidator().validate(body, shape).generate_report()
    for name, member in shape.members.items():
        if getattr(member, "enum", None) and name in body:
            assert body[name] in member.enum, f"{name}: {body[name]}"


def _timeline(stack, route):
    entries = requests.get(f"{stack['phone']}/timeline", timeout=10).json()
    return [entry for entry in entries if entry["route"] == route]


def test_boto3_sends_a_message_and_gives_feedback(client, stack):
    sent = client.send_text_message(**MESSAGE)["MessageId"]
    answer = client.put_message_feedback(MessageId=sent, MessageFeedbackStatus="RECEIVED")
    assert (answer["MessageId"], answer["MessageFeedbackStatus"]) == (sent, "RECEIVED")
    [message] = [message for message in requests.get(f"{stack['phone']}/messages", timeout=10).json() if message["id"] == sent]
    assert message["text"] == MESSAGE["MessageBody"]
    assert message["context"] == MESSAGE["Context"]
    assert message["feedback"] == "received"


def test_boto3_gets_each_error_as_the_exception_that_the_model_has_for_it(client, switch):
    raised = set()
    for word, name, reason in REFUSALS:
        switch(sms=word)
        with pytest.raises(getattr(client.exceptions, name)) as refused:
            client.send_text_message(**MESSAGE)
        assert refused.value.response.get("Reason") == reason, word
        assert refused.value.response["Error"]["Message"], word
        raised.add(name)
    modelled = client.meta.service_model.operation_model("SendTextMessage").error_shapes
    assert raised == {shape.name for shape in modelled}


def test_boto3_gets_each_error_of_feedback_as_the_exception_that_the_model_has_for_it(client, switch):
    raised = set()
    for word in ("none", "throttle", "auth", "500"):  # with none, the message is unknown
        switch(sms=word)
        with pytest.raises(ClientError) as refused:
            client.put_message_feedback(MessageId="unheard-of", MessageFeedbackStatus="RECEIVED")
        raised.add(type(refused.value).__name__)
    switch(sms="none")
    with pytest.raises(client.exceptions.ValidationException):
        client.put_message_feedback(MessageId="a b", MessageFeedbackStatus="RECEIVED")
    modelled = client.meta.service_model.operation_model("PutMessageFeedback").error_shapes
    assert raised | {"ValidationException"} == {shape.name for shape in modelled}


@pytest.mark.parametrize("operation, whole", [
    ("SendTextMessage", MESSAGE | {"DryRun": True}),
    ("PutMessageFeedback", {"MessageId": "unheard-of", "MessageFeedbackStatus": "RECEIVED"}),
])
def test_exactly_what_the_model_allows_is_allowed(client, operation, whole):
    shape = client.meta.service_model.operation_model(operation).input_shape
    for member, kind in shape.members.items():
        values = list(_values(kind))
        assert values, member
        if member in shape.required_members:
            values.append((None, False))
        for value, is_allowed in values:
            given = whole | {member: value} if value is not None else {key: whole[key] for key in whole.keys() - {member}}
            assert _is_taken(client, operation, given, member) == is_allowed, f"{member}: {value!r:.80}"


def _values(shape):
    """Values of the shape's type, each with whether the model allows it."""
    limits = shape.metadata
    match shape.type_name:
        case "string":
            bounds = [limits[bound] + more for bound in ("min", "max") if bound in limits for more in (-1, 0, 1)]
            for text in TEXTS + ["a" * length for length in bounds] + ["1" * length for length in bounds]:
                yield text, _takes(shape, text)
        case "integer":
            yield from ((limits["min"] + less, less == 0) for less in (-1, 0))
            yield from ((limits["max"] + more, more == 0) for more in (0, 1))
        case "boolean":
            yield from ((True, True), (False, True))
        case "map":
            key = next(text for text in TEXTS if _takes(shape.key, text))
            value = next(text for text in TEXTS if _takes(shape.value, text))
            yield from (({text: value}, allowed) for text, allowed in _values(shape.key))
            yield from (({key: text}, allowed) for text, allowed in _values(shape.value))
            keys = shape.key.enum or [f"key{number}" for number in range(limits["max"] + 1)]
            yield from ((dict.fromkeys(keys[:count], value), count <= limits["max"]) for count in range(len(keys) + 1))


def _takes(shape, text):
    if shape.enum:
        return text in shape.enum
    limits = shape.metadata
    return limits["min"] <= len(text) <= limits["max"] and re.fullmatch(limits["pattern"], text) is not None


def _is_taken(client, operation, given, member):
    send = {"SendTextMessage": client.send_text_message, "PutMessageFeedback": client.put_message_feedback}[operation]
    try:
        send(**given)
    except client.exceptions.ResourceNotFoundException:
        return operation == "PutMessageFeedback"
    except client.exceptions.ValidationException as refused:
        if refused.response["Reason"] == "PRICE_OVER_THRESHOLD":
            return True
        assert {field["Name"] for field in refused.response["Fields"]} == {member}
        return False
    return True


def test_a_value_of_another_type_is_refused_as_no_input(client):
    for changed in ({"TimeToLive": "300"}, {"DestinationPhoneNumber": 1}, {"Context": ["a"]}, {"DryRun": "yes"}):
        body = json.dumps(MESSAGE | changed)
        headers = {"x-amz-target": "PinpointSMSVoiceV2.SendTextMessage", "content-type": "application/x-amz-json-1.0"}
        answer = requests.post(client.meta.endpoint_url, data=body, headers=headers, timeout=10)
        assert answer.status_code == 400
        assert answer.json()["__type"].endswith("#SerializationException"), changed


def test_a_receipt_for_each_type_of_event_in_the_model_is_handed_to_the_function(client, stack, switch):
    switch(receipts="never")
    sent = client.send_text_message(**MESSAGE)["MessageId"]
    types = client.meta.service_model.shape_for("EventType").enum
    types = [kind for kind in types if kind.startswith("TEXT_") and kind != "TEXT_ALL"]
    for kind in types:
        answer = requests.post(f"{stack['phone']}/messages/{sent}/receipt", json={"type": kind}, timeout=30)
        assert answer.status_code == 204, kind
    events = [json.loads(entry["body"])["detail"] for entry in _timeline(stack, "message-receipts")]
    details = [detail for detail in events if detail["messageId"] == sent]
    assert [detail["eventType"] for detail in details] == types
    assert all(detail["context"] == MESSAGE["Context"] for detail in details)
