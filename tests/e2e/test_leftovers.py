"""What a first deployment that failed may leave: it can be listed and deleted, and nothing else with it.

AWS doesn't say whether the rollback of a whole stack deletes what its nested stack retains. These tests assume that it doesn't.
"""

import json
import re
import runpy
from datetime import timedelta

import boto3
import pytest

from ministack import CREDENTIALS, REGION, MiniStack
from runbook import REPOSITORY, STACK, Operator

DISCARD = f"infra/tools/restore discard --stack {STACK}"
KEPT = f"infra/tools/restore kept --stack {STACK}"

# What template.yaml gives it by default.
PARAMETERS = {
    "Name": STACK,
    "OffersCalls": "yes",
    "HasReceipts": "no",
    "HasCanary": "no",
    "HasCognito": "no",
    "HasEntra": "no",
    "OriginHost": "mfa.example.com",
    "LogRetentionDays": "90",
    "ProtectTable": "false",
    "SigningKeyArn": "",
    "ExistingTableArn": "",
    "ExistingTableStreamArn": "",
    "ExistingMacKeysSecretArn": "",
    "ExistingCallDigitsSecretArn": "",
    "ExistingCorrelationKeySecretArn": "",
}


class Account:
    def __init__(self, endpoint):
        self.endpoint = endpoint

    def client(self, service):
        key, secret = CREDENTIALS.values()
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id=key, aws_secret_access_key=secret,
        )

    def leave_state(self, **chosen):
        """Creates and deletes the nested stack that holds what lasts. Returns the name of its table."""
        stacks = self.client("cloudformation")
        name = f"{STACK}-State-{len(stacks.list_stacks()['StackSummaries'])}"
        stacks.create_stack(
            StackName=name, TemplateBody=(REPOSITORY / "infra" / "state.yaml").read_text(),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in (PARAMETERS | chosen).items()],
        )
        self._await(name, "stack_create_complete")
        outputs = stacks.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
        stacks.delete_stack(StackName=name)
        self._await(name, "stack_delete_complete")
        return next(output["OutputValue"] for output in outputs if output["OutputKey"] == "TableName")

    def _await(self, name, state):
        waiter = self.client("cloudformation").get_waiter(state)
        waiter.config.delay = 1
        waiter.wait(StackName=name)

    def there(self):
        """Everything that costs something, or holds something."""
        keys = self.client("kms")
        states = {key["KeyId"]: keys.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in keys.list_keys()["Keys"]}
        return {
            "tables": self.client("dynamodb").list_tables()["TableNames"],
            "secrets": [secret["Name"] for secret in self.client("secretsmanager").list_secrets()["SecretList"]],
            "keys": [name for name, key in states.items() if key["KeyManager"] == "CUSTOMER" and key["Enabled"]],
            "logs": [group["logGroupName"] for group in self.client("logs").describe_log_groups()["logGroups"]],
        }


@pytest.fixture
def account():
    with MiniStack() as emulator:
        yield Account(emulator.endpoint)


@pytest.fixture
def operator(account, tmp_path):
    return Operator(account.endpoint, tmp_path)


def test_what_nobody_has_used_is_deleted_but_only_when_told_to(account, operator):
    account.leave_state()
    before = account.there()
    assert all(before.values())
    assert operator.types(f"{DISCARD} 2>&1").count("would delete") == sum(map(len, before.values()))
    assert account.there() == before
    operator.types(f"{DISCARD} --yes")
    assert account.there() == {"tables": [], "secrets": [], "keys": [], "logs": []}
    assert "nothing is left of a deleted stack" in operator.fails(KEPT)


def with_an_item(dynamodb, table):
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "subject#1"}, "sk": {"S": "subject"}})


def protected(dynamodb, table):
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=True)


def gone(dynamodb, table):
    dynamodb.delete_table(TableName=table)


@pytest.mark.parametrize(
    ("become", "reason"),
    [
        (with_an_item, "has items"),
        (protected, "--no-deletion-protection-enabled"),
        (gone, "a backup of it may need the keys"),
    ],
)
def test_nothing_is_deleted_where_the_table_is_used_protected_or_gone(account, operator, become, reason):
    become(account.client("dynamodb"), account.leave_state())
    before = account.there()
    assert reason in operator.types(f"{DISCARD} --yes 2>&1")
    assert account.there() == before


def test_a_stack_that_existed_for_more_than_a_day_was_no_failed_first_deployment():
    restore = runpy.run_path(str(REPOSITORY / "infra" / "tools" / "restore"))
    remains = restore["Remains"](stack={}, kept=[], missing=[], given={}, lived=timedelta(hours=25))
    assert "it existed for more than a day" in restore["reason_to_keep"](remains, used="")


def test_what_another_stack_has_taken_over_is_kept(account, operator):
    account.leave_state()
    taken_over = dict(line.split("=", 1) for line in operator.types(KEPT).splitlines())
    secret = taken_over["ExistingMacKeysSecretArn"]
    template = {"Parameters": {"Secret": {"Type": "String"}}, "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    account.client("cloudformation").create_stack(
        StackName="another", TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": "Secret", "ParameterValue": secret}],
    )
    before = account.there()
    assert "another stack uses" in operator.types(f"{DISCARD} --yes 2>&1")
    assert account.there() == before


def test_what_is_going_to_be_deleted_is_pointed_out_before_the_rest_is_taken_over(account, operator):
    account.leave_state()
    secret = next(name for name in account.there()["secrets"] if "-MacKeysSecret-" in name)
    account.client("secretsmanager").delete_secret(SecretId=secret, RecoveryWindowInDays=30)
    listed = operator.types(f"{KEPT} 2>&1")
    assert re.search(r"MacKeysSecret +\S+ is gone, or going to be deleted", listed)
    assert "ExistingMacKeysSecretArn" not in listed


def test_a_stack_that_had_taken_something_over_passes_it_on(account, operator):
    table = account.leave_state()
    first = dict(line.split("=", 1) for line in operator.types(KEPT).splitlines())
    chosen = {name: first[name] for name in ("ExistingTableArn", "ExistingTableStreamArn", "ExistingMacKeysSecretArn")}
    assert account.leave_state(**chosen) == table
    second = dict(line.split("=", 1) for line in operator.types(KEPT).splitlines())
    assert {name: second[name] for name in chosen} == chosen
    assert second["ExistingCallDigitsSecretArn"] != first["ExistingCallDigitsSecretArn"]
