"""The saved log queries, on the lines of real journeys: each answers its question. `log_queries.py` says by what."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from log_queries import Logs, saved
from page import wrong_codes
from support import Support

HERE = Path(__file__).parent
START = "POST /v1/challenge"

@pytest.fixture(scope="module")
def support(product, confidential):
    key = product.user("joan", product.output("SupportPolicyArn"))
    confidential.add("secret", key["secret_key"])
    return Support(product.base_url, **key)


@pytest.fixture(scope="module")
def logs(product):
    return Logs(product)


@pytest.fixture(scope="module")
def user(logs, someone, provider, support, subscriber):
    """Somebody who signs in by a code and by a call, guesses wrong, asks too often and is helped; and somebody whose call
    fails. Their lines are in the logs."""
    person = someone()
    page = person.log_in()
    assert page.start("sms").status_code == 201
    page.guess(next(wrong_codes(person.code())))
    assert page.guess(person.code()).json()["state"] == "approved"
    caller = person.log_in()
    assert caller.start("call").status_code == 201
    [call] = provider.calls_to(person.number)
    call.becomes("ringing")
    call.answered("human")
    refused = next(answer for answer in (person.log_in().start("sms") for _ in range(9)) if answer.status_code == 429)
    assert support.act(person.subject, "unlock").status_code == 200
    with provider.refusing():
        assert someone().log_in().start("call").status_code == 503
    for _ in range(10):
        # The emulator delivers a line that it read late with the environment's next request.
        page.challenge(), caller.challenge(), support.show(person.subject), call.becomes("completed")
        someone().log_in().guess("000000")
        someone().log_in().start("sms")
        if len(logs.ask("What fails and why")) and len(logs.ask("What has support done")):
            break
    person.refused_by = refused.json()["limit"]
    person.log_name = support.show(person.subject).json()["logName"]
    return person


def test_a_request_is_found_by_one_id_in_the_gateways_line_the_functions_and_its_audit_event(user, logs, subscriber, hosted_login):
    [approved] = [event for event in subscriber.events_of(hosted_login.url, user) if event["type"] == "challenge.approved"]
    request = approved["requestId"]
    logs.reached("POST /v1/challenge/code", 200, request)
    logs.reached("POST /v1/challenge/code", 422, "another")
    lines = [row["@message"] for row in logs.ask("What happened in this request", REQUEST=request)]
    records = [json.loads(line) for line in lines if line.startswith("{")]
    assert {record["requestId"] for record in records} == {request}
    assert {"judged", "answered"} <= {record.get("message") for record in records}
    assert [record["status"] for record in records if "routeKey" in record] == ["200"]
    assert any(record.get("Converted") == 1 for record in records), "its metrics"
    assert any(line.startswith("REPORT") for line in lines), "Lambda's own lines"


def test_every_event_of_a_journey_has_a_request_that_is_in_the_logs(user, logs, subscriber, hosted_login):
    events = subscriber.events_of(hosted_login.url, user)
    assert {"challenge.started", "challenge.refused", "challenge.approved", "subject.unlocked"} <= {e["type"] for e in events}
    for event in events:
        rows = logs.ask("What happened in this request", REQUEST=event["requestId"])
        assert rows, event


def test_a_users_lines_tell_what_happened_in_order(user, logs):
    rows = logs.ask("What happened to this user", SUBJECT=user.log_name)
    told = [row["message"] for row in rows]
    assert told[:3] == ["sent", "judged", "judged"]
    assert (rows[0]["channel"], rows[0]["outcome"]) == ("sms", "accepted")
    assert [row["right"] for row in rows if row["message"] == "judged"] == [False, True]
    assert {"webhook", "administration"} <= set(told)
    assert all("requestId" in row for row in rows)


def test_a_message_is_followed_by_its_id(user, logs):
    [sent, *_] = logs.ask("What happened to this user", SUBJECT=user.log_name)
    [line] = [row for row in logs.ask("What happened in this request", REQUEST=sent["requestId"]) if '"message":"sent"' in row["@message"]]
    [row] = logs.ask("What became of this message or call", MESSAGE=json.loads(line["@message"])["id"])
    assert (row["message"], row["outcome"], row["requestId"]) == ("sent", "accepted", sent["requestId"])


def test_sends_are_counted_by_hour_channel_country_and_outcome(user, logs):
    rows = logs.ask("How do sends go")
    assert {(row["channel"], row["country"], row["outcome"]) for row in rows} >= {
        ("sms", "US", "accepted"), ("call", "US", "accepted"), ("call", "US", "throttled"),
    }
    assert all(row["hour"].endswith(":00:00.000") and row["sends"] >= 1 for row in rows)


def test_refusals_are_counted_by_limit(user, logs):
    rows = {row["Reason"]: row["refused"] for row in logs.ask("Which limits refuse starts")}
    assert rows[user.refused_by] >= 1, rows


def test_networks_are_counted_by_their_starts(logs):
    logs.access.clear()
    for status in (201, 201, 429):
        logs.reached(START, status, address="198.51.100.4")
    logs.reached("GET /v1/challenge", 200, address="198.51.100.4")
    assert logs.ask("From which networks do people start") == [
        {"sourceIp": "198.51.100.4", "status": "201", "starts": 2},
        {"sourceIp": "198.51.100.4", "status": "429", "starts": 1},
    ]


def test_failures_are_counted_by_cause(user, logs):
    [row, *_] = [row for row in logs.ask("What fails and why") if row.get("problem") == "delivery-failed"]
    assert (row["function"], row["lines"]) == ("start-challenge", 1)
    assert row["cause"]


def test_durations_are_told_by_function_and_the_slowest_requests_by_id(user, logs):
    rows = {row["function"]: row for row in logs.ask("How long do requests take")}
    assert {"start-challenge", "verify-code", "get-challenge", "webhook", "admin", "audit-events"} - set(rows) <= {"webhook"}
    assert all(row["p50"] <= row["p99"] <= row["slowest"] for row in rows.values())
    slowest = logs.ask("Which requests were slowest")
    assert slowest[0]["elapsed_ms"] == max(row["slowest"] for row in rows.values())
    assert len(slowest) <= 25 and "requestId" in slowest[0]


def test_webhooks_are_counted_by_event_and_outcome(user, logs):
    rows = logs.ask("What do webhooks report")
    assert rows and all({"event", "outcome", "webhooks"} <= set(row) for row in rows), rows


def test_wrong_codes_are_counted_by_user(user, logs):
    rows = [row for row in logs.ask("Who types wrong codes") if row["subject"] == user.log_name]
    assert [(row["right"], row["guesses"]) for row in sorted(rows, key=lambda row: row["right"])] == [(False, 1), (True, 1)]


def test_what_support_did_is_told_with_who_did_it_and_no_mere_look(user, logs):
    rows = [row for row in logs.ask("What has support done") if row.get("subject") == user.log_name]
    assert [row["action"] for row in rows] == ["unlock"]
    assert rows[0]["by"].endswith(":user/joan")


def test_every_query_has_a_test():
    tests = "".join((HERE / name).read_text() for name in ("test_log_queries.py", "test_receipts.py", "test_entra.py"))
    assert {question for question, _ in saved() if f'.ask("{question}"' not in tests} == set()


def test_the_runbook_names_every_query_and_runs_it_from_the_shell(tmp_path):
    runbook = (HERE.parents[1] / "infra" / "RUNBOOK.md").read_text()
    named = set(re.findall(r"'([A-Z][a-z]+ [^']+)'(?: [A-Z]+=…)?[`,]", runbook[runbook.index("## Questions to the logs"):]))
    assert named >= {question for question, _ in saved()}
    function = re.search(r"^query\(\) \{.*?^\}$", runbook, re.MULTILINE | re.DOTALL)[0]
    definitions = [{"name": f"mfa/{name}", "queryString": query["QueryString"], "logGroupNames": ["one", "two"]} for name, query in saved()]
    (tmp_path / "definitions").write_text(json.dumps({"queryDefinitions": definitions}))
    (tmp_path / "aws").write_text(AWS)
    (tmp_path / "aws").chmod(0o755)
    asked = "query 'What happened to this user' 'SUBJECT=SubjectId(0a1b…)'"
    shell = subprocess.run(
        ["bash", "-c", f"STACK=mfa HOURS=24; {function}; {asked}"], cwd=tmp_path, capture_output=True, text=True, timeout=60,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, check=True,
    )
    assert shell.stdout == "@timestamp=2027-01-15 08:00:00.000  message=sent\n"
    started = json.loads((tmp_path / "started").read_text())
    assert started["endTime"] - started["startTime"] == 24 * 3600
    assert started["logGroupNames"] == ["one", "two"]
    assert 'filter subject = "SubjectId(0a1b…)"' in started["queryString"]


# Answers like the AWS CLI, and keeps the query that it is asked to start.
AWS = """#!/usr/bin/env bash
case "$*" in
  *describe-query-definitions*" --query-definition-name-prefix mfa/"*) cat definitions ;;
  *start-query*) printf %s "${@: -1}" > started; echo id-1 ;;
  *"--query-id id-1 --query status"*) [ -e asked ] && echo Complete || { touch asked; echo Running; } ;;
  *"--query-id id-1 --query results"*) echo '[[{"field": "@timestamp", "value": "2027-01-15 08:00:00.000"},
    {"field": "message", "value": "sent"}, {"field": "@ptr", "value": "x"}]]' ;;
  *) echo "what is $*?" >&2; exit 2 ;;
esac
"""
