"""Switches: what operators stop for a while, as the runbook's own function does it, and that nobody else can."""

import datetime
import json
import re
import subprocess
import time

import pytest

from contract import REPOSITORY
from support import Support

PATH = "/v1/admin/switches"
# How soon a switch holds everywhere, with the time of a request.
HOLDS = 30 + 5


@pytest.fixture(scope="module")
def operator(product, confidential):
    """An IAM user with the stack's policy for operators."""
    key = product.user("olga", product.output("OperatorPolicyArn"))
    confidential.add("secret", key["secret_key"])
    return Support(product.base_url, **key)


@pytest.fixture(scope="module")
def switch(product, operator):
    """The runbook's function `switch`, in bash. Whatever a test sets is cleared after it."""
    [function] = re.findall(r"^switch\(\) \{.*?^\}$", (REPOSITORY / "infra/RUNBOOK.md").read_text(), re.MULTILINE | re.DOTALL)
    environment = {
        "PATH": "/usr/bin:/bin",
        "URL": product.base_url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": operator.access_key,
        "AWS_SECRET_ACCESS_KEY": operator.secret_key,
    }

    def run(*words):
        command = ["bash", "-c", f'{function}\nswitch "$@"', "switch", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def end(answer, name):
    [found] = [one for one in answer["switches"] if one["switch"] == name]
    return datetime.datetime.fromisoformat(found["until"])


def eventually(holds):
    """How many seconds it takes until that is true."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < HOLDS, "a switch that does not hold"
        time.sleep(1)
    return time.monotonic() - began


def test_an_operator_stops_a_channel_and_lets_it_go_on(someone, switch, subscriber):
    warm = someone().log_in()
    warm.challenge()  # both functions know that nothing is stopped
    warm.start("sms")

    said = switch("set", "sms", "a pumping attack", "2h")
    [shown] = said["switches"]
    assert (shown["switch"], shown["reason"]) == ("sms", "a pumping attack")
    assert shown["by"].endswith(":user/olga")
    ahead = end(said, "sms") - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(minutes=119) < ahead < datetime.timedelta(minutes=121)
    assert switch() == said

    def start():
        return someone().log_in().start("sms")

    seconds = eventually(lambda: start().status_code == 409)
    print(f"the switch held after {seconds:.0f} s")
    refused = start()
    assert refused.json()["type"] == "urn:alliance-mfa:problem:channel-paused"
    assert datetime.datetime.fromisoformat(refused.json()["retryAt"]) == end(said, "sms")
    page = someone().log_in()
    eventually(lambda: page.challenge().json()["channels"]["sms"]["reason"] == "paused")
    assert page.challenge().json()["channels"]["call"]["available"] is True

    assert switch("clear", "sms") == {"switches": []}
    eventually(lambda: start().status_code == 201)
    events = [event["detail"] for event in subscriber.all() if event["detail-type"].startswith("switch.")]
    assert [(event["type"], event["switch"]) for event in events] == [("switch.set", "sms"), ("switch.cleared", "sms")]
    assert events[0]["reason"] == "a pumping attack"
    assert all(event["by"].endswith(":user/olga") for event in events)


def test_only_operators_reach_the_switches(product, person, operator):
    support = Support(product.base_url, **product.user("sam", product.output("SupportPolicyArn")))
    page = person.log_in()
    unsigned = Support(product.base_url)
    body = json.dumps({"reason": "mischief", "until": "2027-01-01T00:00:00Z"})
    for method, path in [("GET", PATH), ("PUT", f"{PATH}/sms"), ("DELETE", f"{PATH}/sms")]:
        refused = [
            unsigned.request(method, path, body=body),
            unsigned.request(method, path, headers={"Authorization": f"Bearer {page.token}"}, body=body),
            support.request(method, path, body=body),
            operator.request(method, path, signed_path=f"{PATH}/call", body=body) if method != "GET" else unsigned.request(method, path),
            operator.request(method, path, headers={"Origin": "https://login.example.com"}, body=body),
        ]
        assert [answer.status_code for answer in refused] == [403] * len(refused), (method, path)
    assert operator.request("GET", PATH).json() == {"switches": []}
    assert operator.show(person.subject).status_code == 403


@pytest.mark.parametrize("name", ["call-gb", "call-UK", "email", "sms-", "call-GB%2Fsms", "..%2Fsubjects"])
def test_a_name_that_is_no_switch_is_not_found(operator, name):
    body = json.dumps({"reason": "a test", "until": "2027-01-01T00:00:00Z"})
    assert operator.request("PUT", f"{PATH}/{name}", body=body).status_code in (403, 404)
    assert operator.request("GET", PATH).json() == {"switches": []}
