"""The contract of state and keys: what outlives the stack, and how it is kept."""

import runpy

import pytest

from contract import (
    CALL_DIGITS,
    CORRELATION_KEY,
    MAC_KEYS,
    REPOSITORY,
    SIGNING_KEY,
    STREAM,
    TABLE,
    TABLE_NAME,
    assert_drawn,
    facts,
    template,
)
from template import resources as of_type


def test_results_are_signed_by_a_key_that_an_authorizer_can_verify_and_that_has_a_name():
    document = template()
    key = document["Resources"]["SigningKey"]["Properties"]
    assert (key["KeySpec"], key["KeyUsage"]) == ("RSA_2048", "SIGN_VERIFY")
    [alias] = of_type(document, "AWS::KMS::Alias").values()
    assert alias["Properties"]["TargetKeyId"] == {"Ref": "SigningKey"}


def test_the_table_is_kept_encrypted_and_forgets_what_is_over():
    [table] = of_type(template(), "AWS::DynamoDB::Table").values()
    properties = table["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert [(key["AttributeName"], key["KeyType"]) for key in properties["KeySchema"]] == [
        ("pk", "HASH"),
        ("sk", "RANGE"),
    ]
    assert properties["TimeToLiveSpecification"] == {"AttributeName": facts()["attributes"]["ttl"], "Enabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"]["SSEEnabled"] is True


def test_the_table_can_be_deleted_until_its_protection_is_asked_for():
    [table] = of_type(template(), "AWS::DynamoDB::Table").values()
    assert table["Properties"]["DeletionProtectionEnabled"] == {"Fn::If": ["ProtectsTable", True, False]}
    assert template()["Conditions"]["ProtectsTable"] == {"Fn::Equals": [{"Ref": "ProtectTable"}, "true"]}
    assert template()["Parameters"]["ProtectTable"]["Default"] == "false"


def test_what_cannot_be_made_anew_outlives_the_stack_but_not_the_rollback_of_its_creation():
    lasting = {"AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::SecretsManager::Secret", "AWS::Logs::LogGroup"}
    # The gateway's log has a name, under which a new stack could not create it.
    found = {
        name: part
        for name, part in template()["Resources"].items()
        if part["Type"] in lasting and "LogGroupName" not in part["Properties"]
    }
    assert {part["Type"] for part in found.values()} == lasting
    for name, part in found.items():
        assert (part["DeletionPolicy"], part["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain"), name


def test_what_outlives_the_stack_has_a_generated_name_so_that_a_new_stack_can_be_created_beside_it():
    for name, part in template()["Resources"].items():
        if "Retain" in part.get("DeletionPolicy", ""):
            assert {"TableName", "LogGroupName", "Name"} & part.get("Properties", {}).keys() == set(), name


@pytest.mark.parametrize(
    ("condition", "parameter", "resource", "outputs"),
    [
        ("CreatesTable", "ExistingTableArn", "Table", {"TableName": TABLE_NAME}),
        ("CreatesMacKeys", "ExistingMacKeysSecretArn", "MacKeysSecret", {"MacKeysSecretArn": MAC_KEYS}),
        ("CreatesCallDigits", "ExistingCallDigitsSecretArn", "CallDigitsSecret", {"CallDigitsSecretArn": CALL_DIGITS}),
        (
            "CreatesCorrelationKey",
            "ExistingCorrelationKeySecretArn",
            "CorrelationKeySecret",
            {"CorrelationKeySecretArn": CORRELATION_KEY},
        ),
        # The stack's own key is kept for the way back, and for the key set while keys are exchanged.
        ("SignsWithOwnKey", "SigningKeyArn", None, {"SigningKeyArn": SIGNING_KEY}),
    ],
)
def test_what_a_parameter_names_is_used_instead_of_a_resource_of_the_stack(condition, parameter, resource, outputs):
    document = template()
    unset = {"Fn::Equals": [{"Ref": parameter}, ""]}
    with_calls = {"Fn::And": [{"Condition": "OffersCalls"}, unset]}
    assert document["Conditions"][condition] == (with_calls if resource == "CallDigitsSecret" else unset)
    assert document["Parameters"][parameter]["Default"] == ""
    if resource:
        assert document["Resources"][resource]["Condition"] == condition
    assert {name: document["Outputs"][name]["Value"] for name in outputs} == outputs


def test_whatever_outlives_the_stack_and_holds_something_can_be_found_and_taken_over():
    restore = runpy.run_path(str(REPOSITORY / "infra" / "tools" / "restore"))
    kept = {
        name
        for name, part in template()["Resources"].items()
        if "Retain" in part.get("DeletionPolicy", "") and part["Type"] != "AWS::Logs::LogGroup"
    }
    # The table has parameters of its own. The key that encrypts it is used wherever the table is.
    assert set(restore["PARAMETERS"]) == kept - {"Table", "DataKey"}
    assert set(restore["PARAMETERS"].values()) <= set(template()["Parameters"])


def test_a_table_is_taken_over_with_its_stream_and_read_from_its_end_unless_the_stream_is_new():
    document = template()
    both = "ExistingTableArn", "ExistingTableStreamArn"
    rule = document["Rules"]["TableComesWithItsStream"]
    assert rule.keys() == {"Assertions"}
    needs = [(part["Assert"]["Fn::Or"][0], part["Assert"]["Fn::Or"][1]) for part in rule["Assertions"]]
    unset = [{"Fn::Equals": [{"Ref": name}, ""]} for name in both]
    assert needs == [(unset[0], {"Fn::Not": [unset[1]]}), (unset[1], {"Fn::Not": [unset[0]]})]
    assert document["Conditions"]["TakesOverTable"] == {"Fn::Not": [unset[0]]}
    assert document["Parameters"]["ExistingTableStreamPosition"]["Default"] == "LATEST"


def test_a_stream_of_another_table_is_refused_because_the_functions_may_not_read_it():
    for name in ("AuditEventsFunction", "FollowUpFunction"):
        [policy] = template()["Resources"][name]["Properties"]["Policies"]
        [read] = [part for part in policy["Statement"] if part["Sid"] == "ReadChanges"]
        assert read["Resource"] == {"Fn::Join": ["", [TABLE, "/stream/*"]]}
    for source in of_type(template(), "AWS::Lambda::EventSourceMapping").values():
        assert source["Properties"]["EventSourceArn"] == STREAM


def test_the_key_of_a_deleted_stack_still_opens_its_table_and_secrets_for_the_functions_of_another():
    key = template()["Resources"]["DataKey"]["Properties"]["KeyPolicy"]
    [through] = [part for part in key["Statement"] if part["Sid"] == "UsedThroughTableAndSecret"]
    # Any role of the account, but only through the services, which ask IAM whether it may use the table or the secret.
    assert through["Principal"] == {"AWS": "*"}
    assert through["Condition"] == {
        "StringEquals": {
            "kms:CallerAccount": {"Ref": "AWS::AccountId"},
            "kms:ViaService": [
                {"Fn::Sub": f"{service}.${{AWS::Region}}.amazonaws.com"} for service in ("dynamodb", "secretsmanager")
            ],
        }
    }


def test_the_mac_key_is_drawn_by_the_deployment():
    assert_drawn("MacKeysSecret", "macKeys")
    assert_drawn("CallDigitsSecret", "macKeys")
