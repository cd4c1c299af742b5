"""The alarms and the dashboard, as CloudFormation would create them for given parameters."""

import json
from dataclasses import dataclass

from contract import template
from template import resources

from .metrics import Metric

NOTHING = object()
# What a deployment of these days gives. All else is the template's default.
GIVEN = {
    "AWS::StackName": "alliance-mfa", "AWS::Region": "us-east-1", "SmsSpendAlarmDollars": 400, "PageTopicArn": "page",
    "TicketTopicArn": "ticket", "AllowedCountries": "US,CA:sms",
}
PARAMETERS = {name: declared["Default"] for name, declared in template()["Parameters"].items() if "Default" in declared} | GIVEN


@dataclass(frozen=True)
class Query:
    """A metric with its statistic, or an expression."""

    id: str
    label: str
    shown: bool
    metric: Metric | None = None
    stat: str = ""
    expression: str = ""


@dataclass(frozen=True)
class Alarm:
    name: str
    pages: bool
    queries: tuple[Query, ...]
    period: int
    evaluated: int
    breaching: int
    comparison: str
    threshold: float | None
    band: str | None
    silence_breaches: bool = False


@dataclass(frozen=True)
class Widget:
    title: str
    queries: tuple[Query, ...]
    period: int
    place: tuple[int, int]
    unit: str


def alarms(**parameters):
    """The alarms of a deployment, by name."""
    values = PARAMETERS | parameters
    found = {}
    for name, alarm in resources(template(), "AWS::CloudWatch::Alarm").items():
        if "Condition" not in alarm or _holds({"Condition": alarm["Condition"]}, values):
            found[name] = _alarm(name, resolved(alarm["Properties"], values))
    return found


def dashboard(**parameters):
    """The dashboard's body, as the JSON that CloudWatch gets."""
    [board] = resources(template(), "AWS::CloudWatch::Dashboard").values()
    body = board["Properties"]["DashboardBody"]["Fn::ToJsonString"]
    return json.loads(json.dumps(resolved(body, PARAMETERS | parameters)))


def headings(body):
    return {part["y"]: part["properties"]["markdown"] for part in body["widgets"] if part["type"] == "text"}


def widgets(body):
    return [_widget(part) for part in body["widgets"] if part["type"] == "metric"]


def resolved(part, values):
    """`part` without intrinsic functions. A resource is called by its logical name."""
    match part:
        case {"Ref": "AWS::NoValue"}:
            return NOTHING
        case {"Ref": name}:
            return values.get(name, name)
        case {"Fn::GetAtt": [name, _]}:
            return name
        case {"Fn::If": [condition, then, otherwise]}:
            return resolved(then if _holds({"Condition": condition}, values) else otherwise, values)
        case {"Fn::Sub": [text, given]}:
            return _filled(text, {name: resolved(value, values) for name, value in given.items()})
        case {"Fn::Select": [index, {"Fn::Split": [separator, text]}]}:
            return resolved(text, values).split(separator)[int(index)]
        case dict():
            assert not [name for name in part if name.startswith("Fn::")], part
            found = {name: resolved(inner, values) for name, inner in part.items()}
            return {name: inner for name, inner in found.items() if inner is not NOTHING}
        case list():
            return [inner for inner in (resolved(each, values) for each in part) if inner is not NOTHING]
    return part


def _filled(text, given):
    for name, value in given.items():
        text = text.replace(f"${{{name}}}", str(value))
    assert "${" not in text, text
    return text


def _holds(condition, values):
    match condition:
        case {"Condition": name}:
            return _holds(template()["Conditions"][name], values)
        case {"Fn::Not": [inner]}:
            return not _holds(inner, values)
        case {"Fn::And": parts}:
            return all(_holds(inner, values) for inner in parts)
        case {"Fn::Equals": [one, other]}:
            return resolved(one, values) == resolved(other, values)
    raise ValueError(condition)


def _alarm(name, properties):
    [topic] = properties["AlarmActions"]
    assert properties["OKActions"] == [topic] and properties["TreatMissingData"] in ("notBreaching", "breaching"), name
    queries = tuple(_query(part) for part in properties.get("Metrics") or [_single(properties)])
    periods = {part["MetricStat"]["Period"] for part in properties.get("Metrics", []) if "MetricStat" in part}
    [period] = periods or {properties["Period"]}
    return Alarm(
        name, topic == "page", queries, int(period), properties["EvaluationPeriods"],
        properties.get("DatapointsToAlarm", properties["EvaluationPeriods"]), properties["ComparisonOperator"],
        properties.get("Threshold"), properties.get("ThresholdMetricId"), properties["TreatMissingData"] == "breaching",
    )


def _single(properties):
    """An alarm of one metric, in the form of those that have several."""
    metric = {name: properties[name] for name in ("Namespace", "MetricName")} | {"Dimensions": properties.get("Dimensions", [])}
    return {"Id": "only", "MetricStat": {"Metric": metric, "Stat": properties["Statistic"], "Period": properties["Period"]}}


def _query(part):
    shown = part.get("ReturnData", True)
    if "Expression" in part:
        return Query(part["Id"], part["Label"], shown, expression=part["Expression"])
    stat = part["MetricStat"]
    metric = stat["Metric"]
    dimensions = tuple((each["Name"], each["Value"]) for each in metric.get("Dimensions", []))
    return Query(part["Id"], "", shown, Metric(metric["Namespace"], metric["MetricName"], dimensions), stat["Stat"])


def _widget(part):
    properties = part["properties"]
    queries = tuple(_shown(index, row) for index, row in enumerate(properties["metrics"]))
    place, unit = (part["x"], part["y"]), properties["yAxis"]["left"]["label"]
    return Widget(properties["title"], queries, properties["period"], place, unit)


def _shown(index, row):
    *path, options = row
    given = options.get("id", f"row{index}"), options.get("label", ""), options.get("visible", True)
    if not path:
        return Query(*given, expression=options["expression"])
    namespace, name, *dimensions = path
    return Query(*given, Metric(namespace, name, tuple(zip(dimensions[::2], dimensions[1::2]))), options["stat"])
