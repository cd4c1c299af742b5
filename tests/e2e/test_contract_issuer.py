"""The contract of infra/issuer.yaml: it deploys the function that the main stack has, and nothing of it is ever deleted."""

import re

from contract import FUNCTIONS, functions, template
from issuer import document, expanded
from template import resources as of_type


def test_all_of_the_issuer_outlives_its_stack_but_not_the_rollback_of_its_creation():
    for found in (document()["Resources"], expanded()["Resources"]):
        for name, part in found.items():
            policies = part.get("DeletionPolicy"), part.get("UpdateReplacePolicy")
            assert policies == ("RetainExceptOnCreate", "Retain"), name


def test_the_description_says_that_the_address_is_permanent():
    assert "Its address is permanent" in document()["Description"]


def test_it_runs_the_function_of_the_main_stack_with_what_that_needs():
    [[name, function]] = functions(document()).items()
    assert name == "jwks" and name in FUNCTIONS
    main = functions(template())["jwks"]["Properties"]
    variables = function["Properties"]["Environment"]["Variables"].keys()
    assert variables == {"PUBLIC_BASE_URL", "SIGNING_KEY_ARN", "PREVIOUS_SIGNING_KEY_ARN"}
    assert variables <= main["Environment"]["Variables"].keys()
    shared = template()["Globals"]["Function"]
    for property in ("Runtime", "Handler", "Architectures", "Timeout"):
        assert function["Properties"][property] == shared[property], property


def test_it_may_read_public_keys_and_nothing_else():
    [policy] = document()["Resources"]["JwksFunction"]["Properties"]["Policies"]
    [statement] = policy["Statement"]
    key = {"Fn::If": ["SignsWithOwnKey", {"Fn::GetAtt": ["FirstFactorKey", "Arn"]}, {"Ref": "SigningKeyArn"}]}
    previous = {"Fn::If": ["PublishesPreviousKey", {"Ref": "PreviousSigningKeyArn"}, {"Ref": "AWS::NoValue"}]}
    assert (statement["Effect"], statement["Action"], statement["Resource"]) == ("Allow", "kms:GetPublicKey", [key, previous])


def test_its_keys_can_sign_what_an_authorizer_and_entra_verify():
    keys = of_type(document(), "AWS::KMS::Key")
    assert {name: key.get("Condition") for name, key in keys.items()} == {"FirstFactorKey": None, "AnswerKey": "IsForEntra"}
    for key in keys.values():
        assert (key["Properties"]["KeySpec"], key["Properties"]["KeyUsage"]) == ("RSA_2048", "SIGN_VERIFY")


def test_its_outputs_are_parameters_of_the_main_stack_which_takes_them():
    outputs, parameters = document()["Outputs"], template()["Parameters"]
    for name, value in [
        ("FirstFactorIssuer", "https://abc123.execute-api.eu-central-1.amazonaws.com"),
        ("AnswerKeyArn", "arn:aws:kms:eu-central-1:123456789012:key/0b57d0ab-1234"),
    ]:
        assert name in outputs
        assert re.fullmatch(parameters[name]["AllowedPattern"], value), name


def test_a_parameter_takes_what_the_main_stack_takes_under_its_name():
    for name, declared in document()["Parameters"].items():
        if name in template()["Parameters"] and "AllowedPattern" in declared:
            assert declared["AllowedPattern"] == template()["Parameters"][name]["AllowedPattern"], name
