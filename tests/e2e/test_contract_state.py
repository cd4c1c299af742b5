"""The contract of state and keys: what outlives the stack, and how it is kept."""

from contract import assert_drawn, facts, template
from template import resources as of_type


def test_results_are_signed_by_a_key_that_an_authorizer_can_verify_and_that_has_a_name():
    document = template()
    key = document["Resources"]["SigningKey"]["Properties"]
    assert (key["KeySpec"], key["KeyUsage"]) == ("RSA_2048", "SIGN_VERIFY")
    [alias] = of_type(document, "AWS::KMS::Alias").values()
    assert alias["Properties"]["TargetKeyId"] == {"Ref": "SigningKey"}


def test_the_table_is_kept_protected_and_forgets_what_is_over():
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
    assert properties["DeletionProtectionEnabled"] is True


def test_what_cannot_be_made_anew_outlives_the_stack():
    lasting = {"AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::SecretsManager::Secret"}
    found = [part for part in template()["Resources"].values() if part["Type"] in lasting]
    assert {part["Type"] for part in found} == lasting
    for part in found:
        assert (part["DeletionPolicy"], part["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_the_mac_key_is_drawn_by_the_deployment():
    assert_drawn("MacKeysSecret", "macKeys")
    assert_drawn("CallDigitsSecret", "macKeys")
