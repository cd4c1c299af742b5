"""Runs last: what the other tests left in the logs, at a more verbose level than a real deployment can have."""

import collections
import json

import pytest

# What the journeys handle and must not log.
KINDS = {"body", "call token", "code", "phone number", "secret", "signature", "token"}


@pytest.fixture(scope="module")
def lines(product, someone, provider, subscriber):
    """Every line that the functions logged, including a journey made here, so that there is one of each kind."""
    person = someone()
    page = person.log_in()
    page.start("sms")
    page.guess("000000")
    page.guess(person.code())
    caller = person.log_in()
    caller.start("call")
    caller.start("sms", phoneNumber=person.number)
    call = provider.calls_to(person.number)[-1]
    call.pressed("#", call.answered("human").text)
    for key in "#0":
        other = someone()
        other_page = other.log_in()
        other_page.start("call")
        call = provider.calls_to(other.number)[-1]
        call.pressed(key, call.answered("human").text)
        other_page.challenge()
    call.becomes("completed")
    for _ in range(10):
        # The emulator delivers a line that it read late with the environment's next request.
        caller.challenge()
        subscriber.all()
        lines = [line for _, line in product.log_lines()]
        if boundary_lines(lines) == requests(lines):
            break
    return lines


def requests(lines):
    """The number of requests and batches that the functions received."""
    return sum(line.startswith("START RequestId") for line in lines)


def boundary_lines(lines):
    """The number of summary lines, of which the functions log one per request or batch."""
    boundary = {"answered", "not answered", "published", "not published", "followed up", "not followed up", "signed in", "not signed in"}
    return sum(record.get("message") in boundary for record in records(lines))


def records(lines):
    """The functions' own lines, without the platform's."""
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_there_are_values_to_search_for_and_logs_to_search(product, lines, confidential):
    assert confidential.kinds() >= KINDS
    functions = product.client("lambda").list_functions()["Functions"]
    assert [function["Environment"]["Variables"]["LOG_LEVEL"] for function in functions] == ["trace"] * 10
    written = collections.Counter(record.get("message") for record in records(lines))
    assert {"sent", "judged", "webhook", "answered", "published", "followed up"} <= set(written)
    # One summary line per request: no output was lost on the way here.
    assert boundary_lines(lines) == requests(lines)


def test_no_line_leaks_a_code_a_number_a_token_a_secret_or_a_body(lines, confidential):
    found = list(confidential.found_in(lines))
    assert not found, found[:3]


def test_refused_starts_are_counted_by_reason(lines):
    counted = [record for record in records(lines) if "StartRefused" in record]
    assert "phone-number-known" in {record["Reason"] for record in counted}
    for record in counted:
        [metric] = record["_aws"]["CloudWatchMetrics"]
        assert (metric["Namespace"], metric["Dimensions"]) == ("AllianceMfa", [["FunctionName", "Reason"]])


@pytest.mark.parametrize(
    ("metric", "dimension", "values"),
    [("ApprovalTime", "Channel", {"sms", "call"}), ("Webhooks", "Event", {"answer", "digits", "status"})],
)
def test_approvals_and_webhooks_are_measured(lines, metric, dimension, values):
    written = [record for record in records(lines) if metric in record]
    assert {record[dimension] for record in written} == values
    assert all(record[metric] >= 0 for record in written)
    assert all(record["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["FunctionName", dimension]] for record in written)


def test_a_reported_call_is_counted_as_a_sign_of_fraud(lines):
    written = [record for record in records(lines) if "FraudSigns" in record]
    assert "fraud.reported" in {record["Type"] for record in written}


def test_the_search_would_find_a_leak(confidential):
    """Searches for each kind of value in a line that a careless function might log."""
    for kind in KINDS:
        [value, *_] = confidential.values(kind)
        written = [json.dumps({"message": f"got {value}"}), json.dumps({"event": {"x": value}}), f"panicked: {value!r}"]
        for line in written:
            assert kind in {found for found, _, _ in confidential.found_in([line])}, (kind, line)


def test_every_line_is_json_and_none_is_an_error(lines):
    ours = [line for line in lines if not line.startswith(("START ", "END ", "REPORT "))]
    assert all(isinstance(json.loads(line), dict) for line in ours)
    faults = [record for record in records(lines) if record.get("level") in ("ERROR", "WARN")]
    # A canary without its test number is what test_canary.py makes of it. And the emulator is slower than AWS where many
    # environments start at once: their first request then opens the connection.
    expected = {"503", "422 phone-number-type-refused"}
    unexpected = [record for record in faults if str(record.get("status", record.get("cause"))) not in expected]
    assert [record for record in unexpected if not record["message"].startswith("no connection yet")] == []
