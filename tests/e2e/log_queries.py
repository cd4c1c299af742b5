"""The template's saved log queries, answered with what a deployment has logged.

The emulator takes the queries, but of their language it knows little and passes over the rest, so the answers are
computed here (`insights.py`). It writes no access log of an HTTP API: those lines are made as the template formats them.
"""

import json
import time

import insights
from contract import template
from template import resources

FORMAT = next(iter(resources(template(), "AWS::Serverless::HttpApi").values()))["Properties"]["AccessLogSettings"]["Format"]

# Log groups of functions that not every deployment of the tests has.
CONDITIONAL = {"MessageReceiptsLogs": "MessageReceipts", "AuthorizeLogs": "Authorize", "CognitoLogs": "Cognito"}


def saved():
    """The text of each query, by its question."""
    for query in resources(template(), "AWS::Logs::QueryDefinition").values():
        [text, _] = query["Properties"]["Name"]["Fn::Sub"]
        yield text.removeprefix("${Name}/"), query["Properties"]


def log_groups(part):
    """The logical names of the log groups in a part of the template."""
    if isinstance(part, dict):
        yield from [part["Ref"]] if set(part) == {"Ref"} and part["Ref"].endswith("Logs") else log_groups(list(part.values()))
    elif isinstance(part, list):
        for inner in part:
            yield from log_groups(inner)


class Logs:
    """Answers the saved queries with the lines that a deployment has logged since now."""

    def __init__(self, product):
        self._product, self._client, self._began = product, product.client("logs"), time.time()
        self.access = []

    def ask(self, question, **words):
        query = dict(saved())[question]
        text = query["QueryString"]
        for word, value in words.items():
            assert word in text, (question, word)
            text = text.replace(word, value)
        absent = {name for name, function in CONDITIONAL.items() if not self._has(function)}
        names = [name for name in log_groups(query["LogGroupNames"]) if name not in absent]
        groups = [self._product.resource(name) for name in names]
        started = self._client.start_query(
            logGroupNames=groups, queryString=text, startTime=int(self._began), endTime=int(time.time()) + 60,
        )
        assert self._client.get_query_results(queryId=started["queryId"])["status"] == "Complete"
        lines = [line for group in groups for line in self._lines(group)]
        return insights.answer(text, lines + (self.access if "AccessLogs" in names else []))

    def reached(self, route, status, request="-", address="203.0.113.7"):
        """Adds a line of the access log, as the template formats it."""
        context = {"awsEndpointRequestId": request, "routeKey": route, "status": status, "identity.sourceIp": address}
        line = {name: str(context.get(value.removeprefix("$context."), "-")) for name, value in json.loads(FORMAT).items()}
        self.access.append(insights.record("access", time.time() * 1000, json.dumps(line)))

    def _has(self, function):
        return any(function in name["FunctionName"] for name in self._product.client("lambda").list_functions()["Functions"])

    def _lines(self, group):
        for page in self._client.get_paginator("filter_log_events").paginate(logGroupName=group):
            for event in page["events"]:
                if event["timestamp"] / 1000 >= self._began - 1:
                    yield insights.record(group, event["timestamp"], event["message"])
