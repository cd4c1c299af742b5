"""The canary: it signs in through the deployed API, and reports whether that worked."""

import json
import time

import pytest

from conftest import CANARY, CANARY_CODE, CANARY_NUMBER

PATIENCE = 60


@pytest.fixture
def canary(product):
    """Runs the canary as its schedule does. Returns its line, and the values of the metrics that it wrote."""

    def run():
        before = len(lines(product))
        answer = product.client("lambda").invoke(FunctionName=product.resource("CanaryFunction"), Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()
        deadline = time.monotonic() + PATIENCE
        # The line comes after the metrics. The emulator may keep it until the next run.
        while not [line for line in lines(product)[before:] if "elapsed_ms" in line]:
            assert time.monotonic() < deadline, "it logged nothing"
            time.sleep(0.2)
        written = lines(product)[before:]
        [line] = [line for line in written if "elapsed_ms" in line]
        return line, {name: line[name] for line in written for name in ("CanarySucceeded", "CanaryTime") if name in line}

    return run


@pytest.fixture
def expired(product):
    """The test number of the canary expired a year ago."""
    functions, name = product.client("lambda"), product.resource("StartChallengeFunction")
    before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    ended = {"TEST_NUMBERS": f"{CANARY_NUMBER} {CANARY_CODE} 2025-12-31T00:00:00Z {CANARY}"}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": before | ended})
    live = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
    yield
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion=live)
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": before})


def lines(product):
    """The canary's own lines."""
    group = product.resource("CanaryLogs")
    return [json.loads(line) for of, line in product.log_lines() if of == group and line.startswith("{")]


def test_it_signs_in_every_three_hours_and_reports_that_as_a_metric(product, canary):
    [rule] = [rule for rule in product.client("events").list_rules()["Rules"] if "ScheduleExpression" in rule]
    assert rule["ScheduleExpression"] == "cron(30 0/3 * * ? *)"
    line, metrics = canary()
    assert (line["message"], line["level"]) == ("signed in", "INFO"), line
    assert metrics["CanarySucceeded"] == 1
    assert 0 < metrics["CanaryTime"] < 54_000
    assert product.messages(CANARY_NUMBER) == []


def test_it_can_run_again_at_once(canary):
    assert [canary()[0]["message"] for _ in range(2)] == ["signed in"] * 2


def test_its_sign_ins_are_no_sends_and_no_conversions_of_the_product(product, canary):
    def counted():
        found = [json.loads(line) for _, line in product.log_lines() if line.startswith("{")]
        return [line for line in found if line.keys() & {"SendLatency", "Converted", "StartRefused"} or line.get("message") == "sent"]

    before = counted()
    assert canary()[0]["message"] == "signed in"
    assert counted() == before


def test_without_its_test_number_it_says_at_which_step_it_failed(canary, expired):
    line, metrics = canary()
    assert (line["message"], line["level"]) == ("not signed in", "ERROR"), line
    assert (line["step"], line["cause"]) == ("start", "422 phone-number-type-refused")
    assert metrics == {"CanarySucceeded": 0}
