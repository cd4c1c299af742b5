"""The contract of the alarms and the dashboard: each watches metrics that are written, and the runbook explains each."""

import functools
import json
import re

import pytest

from contract import REPOSITORY, facts, template, words
from template import resources as of_type
from watch.definitions import alarms, dashboard, headings, widgets
from watch.expressions import names, searched

RECEIPTS = {"SmsProvider": "end-user-messaging"}
ONLY_SMS, ONLY_CALLS = {"Channels": "sms"}, {"Channels": "call"}
CANARY = {"CanarySecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:canary"}
COGNITO = {"CognitoUserPoolArn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Example01"}
ENTRA = {"EntraTenantIds": "7a1f0c9e-5d0e-4a4b-9a53-2f6b8d3c1e70"}
DEPLOYMENTS = ({}, RECEIPTS, ONLY_SMS, ONLY_CALLS, CANARY, COGNITO, ENTRA)
# As AWS documents them, with their dimensions.
OF_AWS = (
    {("AWS/Lambda", name): {"FunctionName"} for name in ("Invocations", "Errors", "Throttles", "Duration", "IteratorAge")}
    | {("AWS/ApiGateway", name): {"ApiId"} for name in ("Count", "5xx")}
    | {
        ("AWS/DynamoDB", name): {"TableName"}
        for name in ("ReadThrottleEvents", "WriteThrottleEvents", "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits")
    }
    | {("AWS/SNS", "SMSSuccessRate"): {"Country", "SMSType"}, ("AWS/SNS", "SMSMonthToDateSpentUSD"): set()}
    | {("AWS/SQS", "ApproximateNumberOfMessagesVisible"): {"QueueName"}}
)
# The functions of platform::telemetry, and what they write.
WRITES = {
    "send_latency": ["SendLatency"], "provider_failed": ["ProviderFailed"], "sms_refused": ["SmsRefused"],
    "start_refused": ["StartRefused"], "converted": ["Converted", "ApprovalTime"], "webhook": ["Webhooks"],
    "fraud_sign": ["FraudSigns"], "receipt": ["Receipts"], "message_price": ["MessagePrice"],
    "message_delivered": ["MessageDelivered", "DeliveryTime"], "message_failed": ["MessageFailed"],
    "canary": ["CanarySucceeded", "CanaryTime"], "entra_refused": ["EntraRefused"],
    "entra_login": ["EntraLogins"],
}
# The closed sets of the dimensions' words. The outcomes of receipts and the problems' names are none.
WORDS = {"Channel": "channel", "SmsRefused": "sendFailure", "StartRefused": "limit", "Webhooks": "webhook", "FraudSigns": "fraudSign", "EntraRefused": "entraRefusal", "EntraLogins": "entraStep"}
PAGES = {
    "SmsConversionAlarm", "CallConversionAlarm", "NobodyGetsInAlarm", "NothingSentAlarm", "SendsFailingAlarm",
    "RequestsFailingAlarm", "DeadLettersAlarm", "CanaryFailedAlarm", "CognitoFailingAlarm", "EntraFailingAlarm",
}


@functools.cache
def every_alarm():
    return [alarm for parameters in DEPLOYMENTS for alarm in alarms(**parameters).values()]


@functools.cache
def every_query():
    """Of all alarms, and of the dashboard."""
    return [query for alarm in every_alarm() for query in alarm.queries] + [
        query for parameters in DEPLOYMENTS for widget in widgets(dashboard(**parameters)) for query in widget.queries
    ]


@functools.cache
def every_metric():
    """Each metric that is watched or shown. A dimension without a value is one that a search leaves open."""
    found = {query.metric for query in every_query() if query.metric}
    return found | {search[0] for search in (searched(query.expression) for query in every_query()) if search}


@functools.cache
def writers():
    """Which functions write each of our metrics, by their logical names."""
    found = {}
    for path in (REPOSITORY / "functions").glob("*/src/**/*.rs"):
        crate = path.relative_to(REPOSITORY / "functions").parts[0]
        logical = "".join(part.capitalize() for part in crate.split("-")) + "Function"
        for call in set(re.findall(r"telemetry::(\w+)\(", path.read_text())):
            for metric in WRITES[call]:
                found.setdefault(metric, set()).add(logical)
    return found


def test_an_alarm_pages_only_if_a_person_is_needed_at_night():
    assert {alarm.name for alarm in every_alarm() if alarm.pages} == PAGES


def test_alarms_without_topics_have_no_actions():
    for name, alarm in of_type(template(), "AWS::CloudWatch::Alarm").items():
        if name.endswith("NewVersionAlarm"):
            continue  # CodeDeploy's: test_contract_release.py
        [condition, [topic], nothing] = alarm["Properties"]["AlarmActions"]["Fn::If"]
        assert (condition, topic) in (("Pages", {"Ref": "PageTopicArn"}), ("Tickets", {"Ref": "TicketTopicArn"}))
        assert nothing == {"Ref": "AWS::NoValue"}


@pytest.mark.parametrize("parameters", DEPLOYMENTS, ids=str)
def test_what_a_deployment_does_not_offer_is_not_watched(parameters):
    watched = {query.metric for alarm in alarms(**parameters).values() for query in alarm.queries if query.metric}
    functions = {value for metric in watched for name, value in metric.dimensions if name == "FunctionName"}
    assert ("MessageReceiptsFunction" in functions) == (parameters == RECEIPTS)
    assert ("CallCallbackFunction" in functions) == (parameters != ONLY_SMS)
    assert any(metric.name == "SMSSuccessRate" for metric in watched) == (parameters in ({}, ONLY_SMS, CANARY, COGNITO, ENTRA))
    assert ("CognitoFunction" in functions) == (parameters == COGNITO)
    assert ("AuthorizeFunction" in functions) == (parameters == ENTRA)


def test_an_alarm_has_a_form_that_cloudwatch_takes():
    for alarm in every_alarm():
        ids = [query.id for query in alarm.queries]
        assert len(ids) == len(set(ids)) and all(re.fullmatch(r"[a-z][A-Za-z0-9_]*", each) for each in ids), alarm.name
        metrics = [query for query in alarm.queries if query.metric]
        assert len(metrics) <= 10, alarm.name
        used = set().union(*(names(query.expression) for query in alarm.queries))
        assert used | {"only"} >= {query.id for query in metrics}, alarm.name
        assert len([query for query in alarm.queries if query.shown]) == (2 if alarm.band else 1), alarm.name
        assert alarm.period * alarm.evaluated <= 86400, alarm.name
        assert not any("SEARCH" in query.expression for query in alarm.queries), alarm.name
        # CloudWatch advises against them in alarms, because it also looks at older periods.
        assert not any(re.search(r"\b(MIN|MAX|SUM|AVG|METRICS)\(", query.expression) for query in alarm.queries), alarm.name


def test_a_metric_that_is_watched_or_shown_is_written_with_these_dimensions():
    ours = {metric["name"]: metric["dimension"] for metric in facts()["metrics"]}
    for metric in every_metric():
        dimensions = [name for name, _ in metric.dimensions]
        if metric.namespace == facts()["namespace"]:
            expected = ["FunctionName", ours[metric.name]]
            assert dimensions in (expected, [*expected, "Country"]), metric
        elif metric.namespace == "AllianceMfa/alliance-mfa":
            assert (metric.name, dimensions) == ("RefusedRequests", ["Status"]), metric
        else:
            assert set(dimensions) == OF_AWS[metric.namespace, metric.name], metric


def test_a_metric_is_watched_where_it_is_written():
    written = writers()
    assert set(written) == {metric["name"] for metric in facts()["metrics"]}
    for metric in every_metric():
        function = dict(metric.dimensions).get("FunctionName")
        if metric.namespace == facts()["namespace"] and function != "none":
            assert function in written[metric.name], metric


def test_the_words_of_a_dimension_are_those_that_are_written():
    ours = [metric for metric in every_metric() if metric.namespace == facts()["namespace"]]
    for metric in ours:
        _, (dimension, value), *_ = metric.dimensions
        closed = WORDS.get(metric.name) or WORDS.get(dimension)
        assert not value or closed is None or value in words(closed), metric
    refusals = {dict(metric.dimensions)["Reason"] for metric in ours if metric.name == "SmsRefused"} - {""}
    assert refusals == words("sendFailure") - {"fault", "unknown"}


def test_the_log_that_refused_requests_are_counted_from_has_their_status():
    [metric_filter] = of_type(template(), "AWS::Logs::MetricFilter").values()
    logged = json.loads(template()["Resources"]["Api"]["Properties"]["AccessLogSettings"]["Format"])
    asked = re.findall(r'\(\$\.(\w+) = "(\d+)"\)', metric_filter["Properties"]["FilterPattern"])
    assert asked == [("status", "401"), ("status", "429")]
    assert logged["status"] == "$context.status"


def test_the_dashboard_shows_every_metric_of_ours():
    shown = {query.metric.name for widget in widgets(dashboard(**RECEIPTS | ENTRA)) for query in widget.queries if query.metric}
    found = [searched(query.expression) for widget in widgets(dashboard(**RECEIPTS | ENTRA)) for query in widget.queries]
    shown |= {search[0].name for search in found if search}
    assert {metric["name"] for metric in facts()["metrics"]} <= shown


def test_the_dashboard_has_a_row_for_each_question():
    body = dashboard()
    assert list(headings(body).values()) == [
        "## Are people getting in?", "## What does it cost?", "## Is somebody attacking?", "## Is it healthy?"
    ]
    places = [(part["x"], part["y"], part["width"], part["height"]) for part in body["widgets"]]
    cells = [(x + dx, y + dy) for x, y, width, height in places for dx in range(width) for dy in range(height)]
    assert len(cells) == len(set(cells)) == 24 * 28


def test_a_widget_names_only_what_it_has():
    for widget in widgets(dashboard()):
        ids = [query.id for query in widget.queries]
        assert len(ids) == len(set(ids)), widget.title
        for query in widget.queries:
            assert names(query.expression) <= set(ids), (widget.title, query.expression)
            assert query.label or not query.shown or searched(query.expression), (widget.title, query)


def test_the_docs_say_how_many_alarms_and_metrics_a_stack_pays():
    deployed = alarms(AllowedCountries="US")
    found = [alarm for name, alarm in deployed.items() if not name.startswith("Delivery") or name == "DeliveryUSAlarm"]
    # A band is billed as two more metrics, its lower and its upper limit.
    metrics = sum(len([query for query in alarm.queries if query.metric]) + 2 * bool(alarm.band) for alarm in found)
    readme = (REPOSITORY / "infra" / "README.md").read_text()
    assert f"{len(found)} alarms with {metrics} metrics, with one country | ${metrics / 10:.2f};" in readme


def test_the_runbook_explains_every_alarm_and_no_other():
    runbook = (REPOSITORY / "infra" / "RUNBOOK.md").read_text()
    section = runbook.split("\n## Alarms\n")[1].split("\n## ")[0]
    explained = [name for heading in re.findall(r"^### (.*)$", section, re.M) for name in re.findall(r"`(\w+Alarm|Delivery…Alarm)`", heading)]
    existing = {re.sub(r"^Delivery.*", "Delivery…Alarm", alarm.name) for alarm in every_alarm()}
    assert len(explained) == len(set(explained)) and set(explained) == existing
    for entry in re.split(r"^### .*Alarm`$", section, flags=re.M)[1:]:
        assert "**See**" in entry and "**Means**" in entry and "**Do**" in entry, entry[:200]
