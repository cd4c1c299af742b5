"""The contract of the permissions: each function has those it needs, and no others."""

import json

import pytest

from contract import (
    CALL_DIGITS,
    CORRELATION_KEY,
    FUNCTIONS,
    MAC_KEYS,
    SIGNING_KEY as KEY,
    TABLE,
    expanded,
    facts,
    functions,
    on_condition,
    template,
)
from template import resources as of_type

STREAMS = {"Fn::Join": ["", [TABLE, "/stream/*"]]}
EDGE = {"Ref": "EdgeSecretArn"}
SIGNING = {"StringEquals": {"kms:SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256", "kms:MessageType": "DIGEST"}}


def statement(effect, actions, *resources, condition=None):
    return effect, frozenset(actions.split()), json.dumps(sorted(resources, key=json.dumps)), json.dumps(condition)


def sending(by_end_user_messaging):
    """Only what the provider needs, to any number and from any sender."""
    actions = json.dumps({"Fn::If": ["SendsBySns", "sns:Publish", by_end_user_messaging]})
    return statement("Allow", actions, "*")


ALLOWED = {
    "login-page": set(),
    "start-challenge": {
        statement(
            "Allow", "dynamodb:Query dynamodb:ConditionCheckItem dynamodb:PutItem dynamodb:UpdateItem", TABLE
        ),
        statement(
            "Allow",
            "secretsmanager:GetSecretValue",
            MAC_KEYS,
            on_condition("OffersCalls", {"Ref": "VoiceApiSecretArn"}),
            on_condition("HasEdge", EDGE),
        ),
        sending("sms-voice:SendTextMessage"),
        statement("Deny", "sns:Publish", {"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"}),
    },
    "get-challenge": {
        statement("Allow", "dynamodb:Query dynamodb:UpdateItem", TABLE),
        (
            "OffersCalls",
            statement("Allow", "secretsmanager:GetSecretValue", CALL_DIGITS, on_condition("ShowsDigits", MAC_KEYS)),
        ),
        ("HasEdge", statement("Allow", "secretsmanager:GetSecretValue", EDGE)),
        statement("Allow", "kms:Sign", KEY, condition=SIGNING),
    },
    "verify-code": {
        statement("Allow", "dynamodb:UpdateItem", TABLE),
        statement("Allow", "secretsmanager:GetSecretValue", MAC_KEYS, on_condition("HasEdge", EDGE)),
        statement("Allow", "kms:Sign", KEY, condition=SIGNING),
    },
    "call-callback": {
        statement("Allow", "dynamodb:GetItem dynamodb:UpdateItem", TABLE),
        statement(
            "Allow",
            "secretsmanager:GetSecretValue",
            {"Ref": "VoiceSigningSecretArn"},
            CALL_DIGITS,
            on_condition("CallsPassSecrets", MAC_KEYS),
        ),
    },
    # Every attribute that the function's one write names. It may read nothing.
    "message-receipts": {
        statement(
            "Allow",
            "dynamodb:UpdateItem",
            TABLE,
            condition={
                "ForAllValues:StringEquals": {"dynamodb:Attributes": facts()["receiptAttributes"]},
                "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["subject#*"]},
                # A request without it returns nothing.
                "StringEqualsIfExists": {"dynamodb:ReturnValues": "UPDATED_OLD"},
            },
        )
    },
    "canary": {statement("Allow", "secretsmanager:GetSecretValue", {"Ref": "CanarySecretArn"})},
    "cognito": {
        statement("Allow", "kms:Sign", {"Ref": "FirstFactorKeyArn"}, condition=SIGNING),
        statement(
            "Allow", "kms:GetPublicKey", KEY, on_condition("PublishesPreviousKey", {"Ref": "PreviousSigningKeyArn"})
        ),
    },
    "admin": {statement("Allow", "dynamodb:Query dynamodb:UpdateItem", TABLE)},
    "jwks": {
        statement(
            "Allow",
            "kms:GetPublicKey",
            KEY,
            on_condition("PublishesPreviousKey", {"Ref": "PreviousSigningKeyArn"}),
            on_condition("HasAnswerKey", {"Ref": "AnswerKeyArn"}),
            on_condition("HasNextAnswerKey", {"Ref": "NextAnswerKeyArn"}),
        ),
    },
    "authorize": {
        ("HasEdge", statement("Allow", "secretsmanager:GetSecretValue", EDGE)),
        statement("Allow", "kms:Sign", {"Ref": "FirstFactorKeyArn"}, {"Ref": "AnswerKeyArn"}, condition=SIGNING),
        # Of results it only reads who signed them.
        statement(
            "Allow", "kms:GetPublicKey", {"Ref": "FirstFactorKeyArn"}, KEY,
            on_condition("PublishesPreviousKey", {"Ref": "PreviousSigningKeyArn"}),
        ),
    },
    "audit-events": {
        statement(
            "Allow",
            "dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator dynamodb:ListStreams",
            STREAMS,
        ),
        statement("Allow", "secretsmanager:GetSecretValue", CORRELATION_KEY),
        statement("Allow", "events:PutEvents", {"Fn::GetAtt": ["EventBus", "Arn"]}),
        statement("Allow", "sqs:SendMessage", {"Fn::GetAtt": ["AuditEventsDeadLetters", "Arn"]}),
    },
    "follow-up": {
        statement(
            "Allow",
            "dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator dynamodb:ListStreams",
            STREAMS,
        ),
        statement(
            "Allow",
            "dynamodb:UpdateItem",
            TABLE,
            condition={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["country#*"]}},
        ),
        sending(["sms-voice:SendTextMessage", "sms-voice:PutMessageFeedback"]),
        statement("Deny", "sns:Publish", {"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"}),
        statement("Allow", "sqs:SendMessage", {"Fn::GetAtt": ["FollowUpDeadLetters", "Arn"]}),
    },
}


def listed(value):
    return value if isinstance(value, list) else [value]


def allowed(part):
    """A statement of the template, with its condition where it has one."""
    if "Fn::If" in part:
        condition, granted, otherwise = part["Fn::If"]
        assert otherwise == {"Ref": "AWS::NoValue"}
        return condition, allowed(granted)
    resources, condition = listed(part["Resource"]), part.get("Condition")
    actions = [action if isinstance(action, str) else json.dumps(action) for action in listed(part["Action"])]
    return statement(part["Effect"], " ".join(actions), *resources, condition=condition)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_may_do_exactly_what_it_does(name):
    properties = functions(template())[name]["Properties"]
    assert "Role" not in properties
    policies = properties.get("Policies", [])
    assert {allowed(part) for policy in policies for part in policy["Statement"]} == ALLOWED[name]


def test_only_traced_functions_may_write_traces_and_only_by_the_policy_that_sam_adds():
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    tracing = "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess"
    for chosen, policies, config in [
        ({}, [basic], None),
        ({"Tracing": "Disabled"}, [basic], None),
        ({"Tracing": "Active"}, [basic, tracing], {"Mode": {"Ref": "Tracing"}}),
    ]:
        document = expanded(**chosen)
        roles = of_type(document, "AWS::IAM::Role").values()
        assert len(roles) == len(FUNCTIONS)
        assert [role["Properties"]["ManagedPolicyArns"] for role in roles] == [policies] * len(roles), chosen
        traced = of_type(document, "AWS::Lambda::Function").values()
        assert [function["Properties"].get("TracingConfig") for function in traced] == [config] * len(FUNCTIONS)


def test_messages_may_go_through_the_chosen_provider_only():
    assert template()["Conditions"]["SendsBySns"] == {"Fn::Equals": [{"Ref": "SmsProvider"}, "sns"]}


def test_the_mac_keys_are_read_only_in_the_call_modes_that_need_them():
    conditions = template()["Conditions"]
    assert conditions["CallsPassSecrets"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "CallMode"}, "press-pound"]}]}
    shows = [{"Condition": "OffersCalls"}, {"Fn::Equals": [{"Ref": "CallMode"}, "match-digits"]}]
    assert conditions["ShowsDigits"] == {"Fn::And": shows}
