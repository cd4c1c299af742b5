"""The contract of the alarms: what may go wrong is watched, by the metrics that the functions write."""

from contract import facts, on_condition, template, words
from template import resources as of_type


def alarm_metrics():
    """Every metric that an alarm watches."""
    for alarm in of_type(template(), "AWS::CloudWatch::Alarm").values():
        properties = alarm["Properties"]
        assert properties["TreatMissingData"] == "notBreaching"
        assert properties["AlarmActions"] == on_condition("NotifiesOfAlarms", [{"Ref": "AlarmTopicArn"}])
        metrics = [part["MetricStat"]["Metric"] for part in properties.get("Metrics", []) if "MetricStat" in part]
        yield from metrics or [properties]


def alarms():
    """What is watched: namespace, metric, and the dimensions' values."""
    for metric in alarm_metrics():
        values = [part["Value"] for part in metric.get("Dimensions", [])]
        values = [value["Fn::If"][1] if "Fn::If" in value else value for value in values]  # a function that not all have
        values = tuple(next(iter(value.values())) if isinstance(value, dict) else value for value in values)
        yield metric["Namespace"], metric["MetricName"], values


def test_an_alarm_watches_everything_that_may_go_wrong():
    logical = [name for name in of_type(template(), "AWS::Serverless::Function")]
    start = "StartChallengeFunction"
    assert sorted(alarms()) == sorted(
        [("AWS/Lambda", metric, (name,)) for name in logical for metric in ("Errors", "Throttles")]
        + [
            ("AllianceMfa", "SmsRefused", (start, reason))
            for reason in ("authorization", "not-permitted", "spend-limit", "throttled", "invalid", "opted-out")
        ]
        + [
            ("AllianceMfa", metric, (start, channel))
            for metric in ("ProviderFailed", "SendLatency")
            for channel in ("sms", "call")
        ]
        + [("AllianceMfa", "Receipts", ("MessageReceiptsFunction", "recorded")), ("AllianceMfa", "SendLatency", (start, "sms"))]
        + [("AllianceMfa", "StartRefused", (start, reason)) for reason in ("network", "country-sms", "country-call")]
        + [("AllianceMfa", "CanarySucceeded", ("CanaryFunction", "sms"))]
        + [("AWS/SNS", "SMSMonthToDateSpentUSD", ())]
        + [("AWS/DynamoDB", metric, ("Table",)) for metric in ("ReadThrottleEvents", "WriteThrottleEvents")]
        + [("AWS/ApiGateway", "5xx", ("Api",))]
        + [("AWS/Lambda", "IteratorAge", ("AuditEventsFunction",))]
        + [("AWS/SQS", "ApproximateNumberOfMessagesVisible", (["AuditEventsDeadLetters", "QueueName"],))]
        + [("AWS/Lambda", "IteratorAge", ("FollowUpFunction",))]
        + [("AWS/SQS", "ApproximateNumberOfMessagesVisible", (["FollowUpDeadLetters", "QueueName"],))]
    )


def test_the_metrics_that_are_watched_are_those_that_are_written():
    namespace = facts()["namespace"]
    own = {(name, values[1]) for of, name, values in alarms() if of == namespace}
    # The others are read in CloudWatch, by country: what share of messages arrives and is used, how soon, at what price.
    unwatched = {"Converted", "MessageDelivered", "MessageFailed", "DeliveryTime", "MessagePrice", "CanaryTime"}
    assert {metric["name"] for metric in facts()["metrics"]} == {name for name, _ in own} | unwatched
    assert {value for name, value in own if name == "SmsRefused"} == words("sendFailure") - {"fault", "unknown"}
    assert {value for name, value in own if name == "StartRefused"} <= words("limit")


def test_a_metric_is_watched_by_the_dimensions_that_it_is_written_with():
    written = {metric["name"]: ["FunctionName", metric["dimension"]] for metric in facts()["metrics"]}
    watched = [metric for metric in alarm_metrics() if metric["Namespace"] == facts()["namespace"]]
    assert watched
    for metric in watched:
        assert [part["Name"] for part in metric["Dimensions"]] == written[metric["MetricName"]], metric["MetricName"]
