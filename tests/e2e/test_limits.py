"""The limits that accounts share, through API Gateway."""

import re
import time

import pytest
import requests

from conftest import REVIEWER, TEST_CODE, TEST_NUMBER

PROBLEM = "urn:alliance-mfa:problem:"
MINUTES = 600


@pytest.fixture
def spent_network(product):
    """Uses up the sends of the network that all requests come from, in this window and in the next, because the test
    may run into that."""
    store = product.client("dynamodb")
    [table] = store.list_tables()["TableNames"]
    now = int(time.time()) // MINUTES
    keys = [{"pk": {"S": "network#127.0.0.1"}, "sk": {"S": f"network#{window}#0"}} for window in (now, now + 1)]
    before = [store.get_item(TableName=table, Key=key).get("Item") for key in keys]
    for key in keys:
        counted = {name: {"N": "100000"} for name in ("used", "quota")}
        store.put_item(TableName=table, Item=key | counted | {"ttl": {"N": str(int(time.time()) + 3600)}})
    yield
    for key, item in zip(keys, before):
        if item:
            store.put_item(TableName=table, Item=item)
        else:
            store.delete_item(TableName=table, Key=key)


def test_a_network_over_its_limit_is_refused_and_told_when_it_can_send_again(person, spent_network):
    page = person.log_in()
    refused = page.start("sms")

    assert (refused.status_code, refused.json()["type"]) == (429, f"{PROBLEM}send-limit")
    assert refused.json()["limit"] == "network"
    assert refused.headers["RateLimit-Policy"] == '"network";q=100000;w=600'
    seconds = int(re.fullmatch(r'"network";r=0;t=(\d+)', refused.headers["RateLimit"])[1])
    assert 0 <= seconds <= MINUTES
    assert int(refused.headers["Retry-After"]) == max(seconds, 1)
    assert "127.0.0.1" not in refused.text
    assert person.messages() == []
    assert page.challenge().json()["state"] == "none"


def test_an_address_in_a_header_does_not_count_as_the_network(product, person, spent_network):
    headers = {"Authorization": f"Bearer {person.log_in().token}"}
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP"):
        claimed = headers | {header: "198.51.100.7"}
        answer = requests.post(f"{product.base_url}/v1/challenge", json={"channel": "sms"}, headers=claimed, timeout=60)
        assert (answer.status_code, answer.json()["limit"]) == (429, "network"), header
    assert not [item for item in product.stored() if "198.51.100.7" in item["pk"]["S"]]


def test_a_network_within_its_limit_can_send(person):
    assert person.log_in().start("sms").status_code == 201


def test_strangers_get_few_sends_to_a_number_and_its_owner_still_gets_all_of_theirs(product, person, someone):
    def typed_by_a_stranger():
        return someone().log_in_without_number().start("sms", phoneNumber=person.number)

    assert [typed_by_a_stranger().status_code for _ in range(3)] == [201] * 3
    refused = typed_by_a_stranger()
    assert (refused.status_code, refused.json()["limit"]) == (429, "number-unverified")
    assert refused.headers["RateLimit-Policy"] == '"number-unverified";q=3;w=86400'
    assert person.number[2:] not in refused.text
    assert len(person.messages()) == 3

    page = person.log_in()
    assert page.start("sms").status_code == 201
    assert page.guess(person.code()).json()["state"] == "approved"


def test_a_number_cannot_have_more_accounts_than_the_limit(someone):
    owner = someone()
    pages = [someone().log_in(phone_number=owner.number) for _ in range(6)]
    for page in pages[:5]:
        assert page.start("sms").status_code == 201
        assert page.guess(owner.code()).json()["state"] == "approved"
    refused = pages[5].start("sms")
    assert (refused.status_code, refused.json()["type"]) == (422, f"{PROBLEM}phone-number-unavailable")


def test_a_test_number_approves_its_account_and_nothing_is_sent_to_it(product, someone, verified):
    reviewer = someone(subject=REVIEWER)
    page = reviewer.log_in_without_number()
    assert page.start("call", phoneNumber=TEST_NUMBER).status_code == 409
    assert page.start("sms", phoneNumber=TEST_NUMBER).status_code == 201
    approved = page.guess(TEST_CODE).json()

    assert (approved["state"], approved["phoneNumber"][-2:]) == ("approved", TEST_NUMBER[-2:])
    assert verified(approved["resultToken"])["acr"] == "urn:alliance-mfa:acr:test-number"
    assert product.messages(TEST_NUMBER) == []
    assert reviewer.log_in_without_number().challenge().json()["phoneNumber"] is None


def test_a_test_number_is_refused_to_anybody_else(person):
    refused = person.log_in_without_number().start("sms", phoneNumber=TEST_NUMBER)
    assert refused.status_code == 422
