"""What is done after a change in the table, through its stream."""

import time

import pytest

PATIENCE = 60
LONGER_THAN_A_BATCH_IS_GATHERED = 7
CHANGE = {"purpose": "change"}


@pytest.fixture
def enrolled(person):
    """Somebody whose number was enrolled in Spanish."""
    page = person.log_in()
    page.start("sms", locale="es")
    assert page.guess(person.code()).json()["state"] == "approved"
    return person


def test_a_number_change_is_notified_once_and_to_the_old_number(enrolled, someone):
    new_phone = someone()
    page = enrolled.log_in()
    assert page.start("sms", **CHANGE).status_code == 201
    assert page.guess(enrolled.code(), **CHANGE).json()["change"] == "new-number"
    assert enrolled.notices() == [], "nothing has changed yet"

    assert page.start("sms", phoneNumber=new_phone.number, **CHANGE).status_code == 201
    assert page.guess(new_phone.code(), **CHANGE).json()["change"] == "changed"
    [notice] = awaited(enrolled.notices)
    text = notice["Message"]
    assert text.startswith(f"Su acceso a Example usa ahora el teléfono acabado en {new_phone.number[-2:]}")
    assert new_phone.number[2:] not in text and enrolled.number[2:] not in text
    assert notice["MessageAttributes"]["AWS.SNS.SMS.SMSType"]["StringValue"] == "Transactional"

    # The new number gets codes but no notice, and signing in with it triggers no other notice.
    login = enrolled.log_in()
    login.start("sms")
    assert login.guess(new_phone.code()).json()["state"] == "approved"
    assert new_phone.notices() == []
    time.sleep(LONGER_THAN_A_BATCH_IS_GATHERED)
    assert len(enrolled.notices()) == 1


def test_a_first_enrolment_sends_no_notice(enrolled):
    time.sleep(LONGER_THAN_A_BATCH_IS_GATHERED)
    assert enrolled.notices() == []


def test_a_returning_user_is_counted_for_the_country_once_a_day(enrolled, product):
    def counted():
        """Returning subjects, by day."""
        items = [item for item in product.stored() if item["pk"] == {"S": "country#US"}]
        return {item["sk"]["S"]: int(item["verified"]["N"]) for item in items if item["sk"]["S"].startswith("verified#")}

    before = counted()
    account = account_of(enrolled, product)
    product.client("dynamodb").update_item(
        TableName=product.table, Key={name: account[name] for name in ("pk", "sk")},
        UpdateExpression="SET lastSuccessAt = lastSuccessAt - :day", ExpressionAttributeValues={":day": {"N": "86400"}},
    )
    for _ in range(2):
        login = enrolled.log_in()
        login.start("sms")
        assert login.guess(enrolled.code()).json()["state"] == "approved"
    after = awaited(lambda: (now := counted()) != before and now)
    time.sleep(LONGER_THAN_A_BATCH_IS_GATHERED)
    assert counted() == after
    today = f"verified#{int(account_of(enrolled, product)['lastSuccessAt']['N']) // 86400}"
    assert after == before | {today: before.get(today, 0) + 1}


def account_of(person, product):
    """The item of a person's account."""
    [account] = [item for item in product.stored() if item["sk"] == {"S": "subject"}
                 and item.get("phone") == {"S": person.number}]
    return account


def awaited(find):
    """What `find` eventually finds."""
    deadline = time.monotonic() + PATIENCE
    while not (found := find()):
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.2)
    return found
