"""The contract of the streams: the schema of the audit events, and which changes reach which function."""

import functools
import json

from jsonschema import Draft202012Validator

from contract import REPOSITORY, STREAM, assert_drawn, facts, template, words
from template import resources as of_type

# All of the stack's own table. Of a table that another stack had, only what is new, or its notices would be sent again.
POSITION = {"Fn::If": ["TakesOverTable", {"Ref": "ExistingTableStreamPosition"}, "TRIM_HORIZON"]}


@functools.cache
def event_schema():
    return json.loads((REPOSITORY / "infra" / "events.schema.json").read_text())


def told():
    """Every event that the function publishes for handwritten changes. A Rust test keeps the file up to date."""
    for line in (REPOSITORY / "functions/audit-events/tests/stream/events.jsonl").read_text().splitlines():
        yield json.loads(line)["event"]


def event_types():
    """The types that the schema has, by name."""
    names = [part["$ref"].removeprefix("#/$defs/") for part in event_schema()["oneOf"]]
    return {name: event_schema()["$defs"][name] for name in names}


def test_every_event_is_what_its_schema_says():
    Draft202012Validator.check_schema(event_schema())
    validator = Draft202012Validator(event_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for event in told():
        assert list(validator.iter_errors(event)) == [], event


def test_every_event_of_the_function_is_described_and_nothing_that_it_never_tells():
    assert set(event_types()) == {event["type"] for event in told()}
    for name, described in event_types().items():
        fields = set().union(*(event for event in told() if event["type"] == name))
        assert described["properties"]["type"] == {"const": name}
        assert described["additionalProperties"] is False
        # `test` can be in every event of a test number's challenge, but the file does not have one of each type.
        assert set(described["properties"]) - fields <= {"test"}, name


def test_the_function_is_brought_every_change_that_is_an_event_and_until_the_bus_has_it():
    properties = template()["Resources"]["AuditEventsSource"]["Properties"]
    assert properties["EventSourceArn"] == STREAM
    assert properties["FunctionName"] == {"Ref": "AuditEventsFunctionAliaslive"}
    assert properties["StartingPosition"] == POSITION
    assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert properties["BisectBatchOnFunctionError"] is True
    # Well within the day that the stream keeps a change.
    assert (properties["MaximumRetryAttempts"], properties["MaximumRecordAgeInSeconds"]) == (-1, 4 * 3600)
    dead_letters = {"Fn::GetAtt": ["AuditEventsDeadLetters", "Arn"]}
    assert properties["DestinationConfig"] == {"OnFailure": {"Destination": dead_letters}}
    [table] = of_type(template(), "AWS::DynamoDB::Table").values()
    assert table["Properties"]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    queue = template()["Resources"]["AuditEventsDeadLetters"]["Properties"]
    assert queue == {"SqsManagedSseEnabled": True, "MessageRetentionPeriod": 14 * 86400}


def test_changes_that_are_no_event_wake_nobody():
    filters = template()["Resources"]["AuditEventsSource"]["Properties"]["FilterCriteria"]["Filters"]
    patterns = [json.loads(part["Pattern"]) for part in filters]
    assert len(patterns) <= 5  # what Lambda takes
    assert [pattern.pop("eventName") for pattern in patterns] == [["INSERT", "MODIFY"]] * len(patterns)
    assert [pattern["dynamodb"] for pattern in patterns] == [
        {"Keys": {"pk": {"S": [{"prefix": "subject#"}]}}},
        {"Keys": {"sk": {"S": ["number"]}}},
        {"Keys": {"sk": {"S": [{"prefix": "breaker#"}]}}},
        {"Keys": {"pk": {"S": ["switches"]}}},
        {"NewImage": {facts()["attributes"]["quota"]: {"N": [{"exists": True}]}}},
    ]
    keys = facts()["keys"]
    assert keys["subjectPartition"].startswith("subject#")
    assert keys["numberSort"] == "number"
    assert keys["breakerSort"].startswith("breaker#")
    assert keys["switchesPartition"] == "switches"


def test_events_are_archived_only_if_asked_for_and_then_all_of_them():
    document = template()
    [archive] = of_type(document, "AWS::Events::Archive").values()
    assert document["Parameters"]["AuditArchiveDays"]["Default"] == 0
    assert document["Conditions"][archive["Condition"]] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "AuditArchiveDays"}, 0]}]
    }
    assert archive["Properties"]["SourceArn"] == {"Fn::GetAtt": ["EventBus", "Arn"]}
    assert archive["Properties"]["RetentionDays"] == {"Ref": "AuditArchiveDays"}
    assert "EventPattern" not in archive["Properties"]


def test_the_key_of_the_digests_is_drawn_by_the_deployment_and_kept():
    assert_drawn("CorrelationKeySecret", "correlationKey")


def test_the_follow_up_is_brought_every_change_of_which_something_follows_and_until_it_is_done():
    properties = template()["Resources"]["FollowUpSource"]["Properties"]
    assert properties["EventSourceArn"] == STREAM
    assert properties["FunctionName"] == {"Ref": "FollowUpFunctionAliaslive"}
    assert properties["StartingPosition"] == POSITION
    assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert properties["BisectBatchOnFunctionError"] is True
    # The counts of a batch are written in one transaction, which can have a hundred items at most.
    assert properties["BatchSize"] <= 100
    # Well within the day that the stream keeps a change.
    assert (properties["MaximumRetryAttempts"], properties["MaximumRecordAgeInSeconds"]) == (-1, 4 * 3600)
    dead_letters = {"Fn::GetAtt": ["FollowUpDeadLetters", "Arn"]}
    assert properties["DestinationConfig"] == {"OnFailure": {"Destination": dead_letters}}
    queue = template()["Resources"]["FollowUpDeadLetters"]["Properties"]
    assert queue == {"SqsManagedSseEnabled": True, "MessageRetentionPeriod": 14 * 86400}
    [table] = of_type(template(), "AWS::DynamoDB::Table").values()
    assert table["Properties"]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_changes_of_which_nothing_follows_wake_nobody():
    of_subjects, conditional = template()["Resources"]["FollowUpSource"]["Properties"]["FilterCriteria"]["Filters"]
    attributes = facts()["attributes"]
    exists = {attributes["phone"]: {"S": [{"exists": True}]}}
    assert json.loads(of_subjects["Pattern"]) == {
        "eventName": ["MODIFY"],
        "dynamodb": {"Keys": {"sk": {"S": ["subject"]}}, "OldImage": exists, "NewImage": exists},
    }
    assert facts()["keys"]["subjectSort"] == "subject"
    # Without receipts there is no message whose code could be told as used.
    condition, of_used_messages, otherwise = conditional["Fn::If"]
    assert (condition, otherwise) == ("HasReceipts", {"Ref": "AWS::NoValue"})
    used = {attributes["approvedBy"]: {"S": ["sms-code"]}, attributes["receiptMessage"]: {"S": [{"exists": True}]}}
    assert json.loads(of_used_messages["Pattern"]) == {"eventName": ["MODIFY"], "dynamodb": {"NewImage": used}}
    assert "sms-code" in words("method")


def test_the_follow_up_may_write_the_items_that_it_writes():
    assert facts()["keys"]["countryPartition"].startswith("country#")


def test_a_stream_has_no_more_readers_than_it_bears():
    sources = of_type(template(), "AWS::Lambda::EventSourceMapping").values()
    assert 1 <= sum("Table" in json.dumps(part["Properties"]["EventSourceArn"]) for part in sources) <= 2
