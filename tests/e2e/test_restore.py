"""The runbook's restores, practised: its commands are run as they are written, and people sign in afterwards.

The emulator restores a table as it is now and not as it was, and keeps no backup of a deleted one: a backup that was made
before stands for it. It encrypts nothing, so a lost DataKey isn't tried.
"""

import time

import pytest

from audit import Subscriber
from backend import PyJwtBackend
from conftest import RESULT_AUDIENCE, TEMPLATE, deployed
from page import Person
from runbook import Operator, blocks
from template import read

CHANGE = {"purpose": "change"}
PATIENCE = 60
# The outputs that stay the same, and the parameters that take them over.
OUTPUTS = {
    "MacKeysSecretArn": "ExistingMacKeysSecretArn",
    "CallDigitsSecretArn": "ExistingCallDigitsSecretArn",
    "CorrelationKeySecretArn": "ExistingCorrelationKeySecretArn",
    "SigningKeyArn": "SigningKeyArn",
}


@pytest.fixture(scope="module")
def product(hosted_login, provider, confidential):
    """A deployment apart, because it is going to be damaged. Each test repairs it."""
    with deployed(hosted_login, provider, confidential) as deployment:
        # What the template says of the table, and the emulator's CloudFormation ignores.
        written, dynamodb = read(TEMPLATE)["Resources"]["Table"]["Properties"], deployment.client("dynamodb")
        for ask, part in (
            (dynamodb.update_continuous_backups, "PointInTimeRecoverySpecification"),
            (dynamodb.update_time_to_live, "TimeToLiveSpecification"),
        ):
            ask(TableName=deployment.table, **{part: written[part]})
        yield deployment


@pytest.fixture
def operator(product, tmp_path):
    return Operator(product.endpoint, tmp_path)


@pytest.fixture
def someone(product, hosted_login, confidential):
    return lambda: Person(product, hosted_login, confidential)


def enrolled(person):
    page = person.log_in()
    page.start("sms")
    assert page.guess(person.code()).json()["state"] == "approved"
    return person


def signs_in(person):
    """Signs in with the number that is enrolled: the first factor knows none."""
    page = person.log_in_without_number()
    assert page.challenge().json()["phoneNumber"] == f"+•••••••••{person.number[-2:]}"
    assert page.start("sms").status_code == 201
    answer = page.guess(person.code()).json()
    assert answer["state"] == "approved", answer
    return answer["resultToken"]


def changes_number(person, new):
    page = person.log_in()
    page.start("sms", **CHANGE)
    page.guess(person.code(), **CHANGE)
    page.start("sms", phoneNumber=new.number, **CHANGE)
    assert page.guess(new.code(), **CHANGE).json()["change"] == "changed"


def awaited_notice(person):
    """The notice that a number was replaced, and that it came once."""
    deadline = time.monotonic() + PATIENCE
    while not person.notices():
        assert time.monotonic() < deadline, "no notice"
        time.sleep(0.2)
    assert len(person.notices()) == 1


def settings(product, table):
    """What a table has beside its items."""
    dynamodb = product.client("dynamodb")
    described = dynamodb.describe_table(TableName=table)["Table"]
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    return {
        "keys": described["KeySchema"],
        "billing": described["BillingModeSummary"]["BillingMode"],
        "stream": described["StreamSpecification"],
        "expiry": dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"],
        "recovery": backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
    }


def items(product, table):
    return product.client("dynamodb").scan(TableName=table)["Items"]


def test_a_new_stack_takes_over_what_a_deleted_one_left_and_tells_nobody_anything_twice(product, operator, someone):
    changed, new_phone, waiting = enrolled(someone()), someone(), enrolled(someone())
    changes_number(changed, new_phone)
    awaited_notice(changed)
    login = waiting.log_in()
    assert login.start("sms").status_code == 201
    outputs = {name: product.output(name) for name in OUTPUTS}
    product.delete()

    [take_over] = blocks("A deleted stack")
    operator.types(take_over)
    asked = operator.asked_for()
    assert {name: asked[OUTPUTS[name]] for name in OUTPUTS} == outputs
    assert asked["ExistingTableArn"].endswith(f":table/{product.table}")
    assert asked["ExistingTableStreamPosition"] == "LATEST"
    product.deploy_again(**asked)

    assert {name: product.output(name) for name in OUTPUTS} == outputs
    assert login.guess(waiting.code()).json()["state"] == "approved", "the code was on its way when the stack was deleted"
    signs_in(waiting)
    # Changes from now on are followed up. Once this one has been, those of the old stack have been passed over.
    changes_number(waiting, someone())
    awaited_notice(waiting)
    awaited_notice(changed)


def test_a_damaged_table_is_restored_beside_the_stack_which_then_uses_the_copy(product, operator, someone):
    person, old = enrolled(someone()), product.output("TableName")
    dynamodb = product.client("dynamodb")
    look, *_ = [line for line in blocks("A lost or damaged table")[0].splitlines() if line.startswith("infra/")]
    assert operator.types(f"OLD={old}; {look}") == ""
    assert dynamodb.list_tables()["TableNames"] == [old], "without --yes nothing is done"

    operator.types(blocks("A lost or damaged table")[0])
    asked = operator.asked_for()
    assert asked["ExistingTableArn"].endswith(f":table/{old}-2")
    assert asked["ExistingTableStreamPosition"] == "TRIM_HORIZON"
    assert settings(product, f"{old}-2") == settings(product, old)
    assert dynamodb.describe_table(TableName=f"{old}-2")["Table"]["DeletionProtectionEnabled"]
    for damaged in items(product, old):
        dynamodb.delete_item(TableName=old, Key={name: damaged[name] for name in ("pk", "sk")})
    product.deploy_again(**asked)

    assert product.output("TableName") == f"{old}-2"
    subscriber = Subscriber(product)
    signs_in(person)
    assert "challenge.approved" in {event["detail-type"] for event in subscriber.all()}
    assert items(product, old) == [], "the old table is kept, and nothing writes to it"


def test_a_deleted_table_is_restored_from_its_backup(product, operator, someone):
    person, old = enrolled(someone()), product.output("TableName")
    dynamodb = product.client("dynamodb")
    restore = f"infra/tools/restore table {old} {old}-2"
    out_of_reach = operator.fails(f"{restore} --at 2020-01-01T00:00:00Z --yes")
    assert "can be restored as it was from" in out_of_reach
    dynamodb.create_backup(TableName=old, BackupName="stands for the one that DynamoDB makes")
    dynamodb.update_table(TableName=old, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=old)
    assert "Leave out --at" in operator.fails(f"{restore} --at 2020-01-01T00:00:00Z --yes")
    assert "neither a table nowhere nor a backup" in operator.fails("infra/tools/restore table nowhere elsewhere --yes")
    # A mistyped target must not get a time to live, by which DynamoDB would delete its items.
    dynamodb.create_table(
        TableName="orders", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    assert "a table of something else" in operator.fails(f"infra/tools/restore table {old} orders --yes")
    assert dynamodb.describe_time_to_live(TableName="orders")["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED"
    dynamodb.delete_table(TableName="orders")

    operator.types(f'{restore} --yes >> parameters.txt\nsam deploy --parameter-overrides "$(paste -sd" " parameters.txt)"')
    # Once more, as after an interruption. The stream is no longer new, but nobody has read it.
    again = operator.types(f"{restore} --yes")
    product.deploy_again(**operator.asked_for())
    assert again.splitlines()[0].endswith(f":table/{product.output('TableName')}")
    signs_in(person)


def test_a_deleted_secret_is_restored_or_made_anew_and_only_codes_on_their_way_are_lost(product, operator, someone):
    person, secrets = enrolled(someone()), product.client("secretsmanager")
    lost = product.output("MacKeysSecretArn")
    restore, make_anew = blocks("A lost secret")
    document = secrets.get_secret_value(SecretId=lost)["SecretString"]
    secrets.delete_secret(SecretId=lost, RecoveryWindowInDays=30)
    operator.types(restore)
    assert secrets.get_secret_value(SecretId=lost)["SecretString"] == document

    login = person.log_in()
    login.start("sms")
    secrets.delete_secret(SecretId=lost, ForceDeleteWithoutRecovery=True)
    operator.types(make_anew)
    product.deploy_again(**operator.asked_for())
    assert product.output("MacKeysSecretArn") != lost
    assert login.guess(person.code()).status_code == 422
    signs_in(person)


def test_a_lost_signing_key_is_enabled_again_or_replaced(product, operator, someone):
    person, keys = enrolled(someone()), product.client("kms")
    lost = product.output("SigningKeyArn")
    enable, replace = blocks("A lost key")
    keys.schedule_key_deletion(KeyId=lost)
    login = person.log_in()
    login.start("sms")
    assert login.guess(person.code()).status_code == 503
    operator.types(enable)
    assert login.challenge().json()["state"] == "approved"

    keys.schedule_key_deletion(KeyId=lost)
    operator.types(replace)
    product.deploy_again(**operator.asked_for())
    token = signs_in(person)
    assert PyJwtBackend(product.base_url, RESULT_AUDIENCE).verified(token)["sub"] == person.subject
