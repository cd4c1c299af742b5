"""The contract of the template: how functions are built, and when they are deployed."""

import tomllib

from contract import FUNCTIONS, REPOSITORY, facts, functions, template
from template import resources as of_type


def test_every_function_is_built_from_its_own_crate():
    for name, function in functions(template()).items():
        assert function["Metadata"]["BuildMethod"] == "rust-cargolambda"
        crate = REPOSITORY / "infra" / function["Properties"]["CodeUri"] / "Cargo.toml"
        assert tomllib.loads(crate.read_text())["package"]["name"] == name


def test_every_function_has_the_runtime_and_the_size_that_are_meant():
    shared, parameters = template()["Globals"]["Function"], template()["Parameters"]
    assert (shared["Runtime"], shared["MemorySize"]) == ("provided.al2023", {"Ref": "MemorySize"})
    assert shared["Architectures"] == [{"Ref": "Architecture"}]
    assert parameters["Architecture"]["Default"] == "arm64"
    own = {name: function["Properties"].get("MemorySize") for name, function in functions(template()).items()}
    stream = {name for name, memory in own.items() if memory == {"Ref": "StreamMemorySize"}}
    assert stream == {"audit-events", "follow-up", "message-receipts"}
    assert {own[name] for name in FUNCTIONS - stream} == {None}
    assert (parameters["MemorySize"]["Default"], parameters["StreamMemorySize"]["Default"]) == (256, 128)


def test_a_function_may_take_as_long_as_its_calls_one_after_another_and_the_api_waits_for_it():
    call, patience = facts()["waits"]["operation"], facts()["waits"]["patience"]
    # The last try after conflicts may start when patience is nearly over.
    retried = patience + call
    settle = patience + 2 * call  # the transaction, and the write that says why it was refused
    send = template()["Parameters"]["SendTimeoutSeconds"]["MaxValue"]
    secret = sign = load = call
    waits = {
        "login-page": 0,
        # Keys, three seconds of tries and the last of them, or the time of a send, which counts from the request; then the record.
        "start-challenge": max(secret + 3 + load + 2 * call, send) + retried,
        "get-challenge": load + settle + secret + sign,
        "verify-code": secret + retried + settle + sign,
        # The webhook's secret, the keys of digits and of codes, the challenge, its change and a report of fraud.
        "call-callback": 3 * secret + load + retried + call,
        # The edge's secret; Entra's keys, which another request may be reading, and the token, or three public keys, and the answer.
        "authorize": secret + max(2 * facts()["waits"]["entraKeys"] + sign, 3 * load + sign),
        "jwks": 4 * call,  # as many public keys
        "admin": load + retried,
        "message-receipts": retried,
        "audit-events": secret + 10 * call,  # a batch of a hundred changes, ten events to a request
        # Its own limit, the last notice of the batch included, and the writes after it.
        "follow-up": facts()["batchSeconds"] + 2 * call,
        "canary": facts()["canarySeconds"],
        "cognito": sign,  # init has read the public keys
    }
    assert waits.keys() == FUNCTIONS
    for name, function in functions(template()).items():
        timeout = function["Properties"].get("Timeout", template()["Globals"]["Function"]["Timeout"])
        assert waits[name] < timeout, name
        assert timeout < 30 or name in ("audit-events", "follow-up", "canary"), name


def test_every_function_logs_to_a_group_that_forgets():
    document = template()
    for name, function in functions(document).items():
        group = document["Resources"][function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]]
        assert group["Type"] == "AWS::Logs::LogGroup"
        assert group.get("Condition") == function.get("Condition"), name
    for name, group in of_type(document, "AWS::Logs::LogGroup").items():
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}, name


def test_without_calls_no_webhook_is_deployed_and_with_them_the_provider_must_be_named():
    document = template()
    assert functions(document)["call-callback"]["Condition"] == "OffersCalls"
    rule = document["Rules"]["CallChannelNeedsItsProvider"]
    assert (
        rule["RuleCondition"]
        == document["Conditions"]["OffersCalls"]
        == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Channels"}, "sms"]}]}
    )
    needed = {part["Assert"]["Fn::Not"][0]["Fn::Equals"][0]["Ref"] for part in rule["Assertions"]}
    assert needed == {"VoiceApiSecretArn", "VoiceSigningSecretArn", "VoiceFromNumber"}


def test_the_door_of_entra_is_deployed_with_the_tenants_that_it_is_for():
    document = template()
    assert functions(document)["authorize"]["Condition"] == "HasEntra"
    assert document["Conditions"]["HasEntra"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "EntraTenantIds"}, ""]}]}
    assert document["Rules"]["EntraNeedsItsIdsAndKeys"]["RuleCondition"] == document["Conditions"]["HasEntra"]


def test_receipts_are_taken_where_the_provider_reports_them():
    document = template()
    function = functions(document)["message-receipts"]
    assert function["Condition"] == "HasReceipts"
    assert document["Conditions"]["HasReceipts"] == {
        "Fn::And": [
            {"Condition": "OffersSms"},
            {"Fn::Not": [{"Condition": "SendsBySns"}]},
        ]
    }
    [event] = function["Properties"]["Events"].values()
    # Without a bus: the account's default one, where AWS puts what its services report.
    assert event == {
        "Type": "EventBridgeRule",
        "Properties": {
            "Pattern": {"source": ["aws.sms-voice"], "detail-type": ["Text Message Delivery Status Updated"]}
        },
    }
    assert function["Properties"]["EventInvokeConfig"] == {
        "MaximumRetryAttempts": 2,
        "MaximumEventAgeInSeconds": 3600,
    }


def test_the_canary_is_deployed_with_its_secret_only_and_runs_within_the_limits_of_its_account():
    document = template()
    function = functions(document)["canary"]
    assert function["Condition"] == "HasCanary"
    assert document["Conditions"]["HasCanary"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "CanarySecretArn"}, ""]}]}
    [event] = function["Properties"]["Events"].values()
    assert event == {"Type": "Schedule", "Properties": {"Schedule": "cron(30 0/3 * * ? *)"}}
    runs = 24 // 3
    limits = [document["Parameters"][name]["Default"] for name in ("MaxSendsPerDay", "MaxSendsPerNumberPerDay")]
    assert all(runs < limit for limit in limits)
    # Nobody runs it again after an error, and each period of its alarm has a run.
    assert function["Properties"]["EventInvokeConfig"]["MaximumRetryAttempts"] == 0
    alarm = document["Resources"]["CanaryFailedAlarm"]["Properties"]
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (24 * 3600 // runs, 2, 2)


def test_only_the_named_user_pool_calls_its_triggers_and_gets_an_answer_while_it_waits():
    document = template()
    function = functions(document)["cognito"]
    assert function["Condition"] == "HasCognito"
    assert document["Conditions"]["HasCognito"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "CognitoUserPoolArn"}, ""]}]}
    assert "Events" not in function["Properties"]
    assert function["Properties"]["Timeout"] == 5
    permission = document["Resources"]["CognitoPermission"]
    assert permission["Condition"] == "HasCognito"
    assert permission["Properties"] == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": {"Ref": "CognitoFunctionAliaslive"},
        "Principal": "cognito-idp.amazonaws.com",
        "SourceArn": {"Ref": "CognitoUserPoolArn"},
    }
    output = document["Outputs"]["CognitoTriggerArn"]
    assert (output["Condition"], output["Value"]) == ("HasCognito", {"Ref": "CognitoFunctionAliaslive"})


def test_what_is_deployed_is_what_was_built():
    settings = tomllib.loads((REPOSITORY / "samconfig.toml").read_text())["default"]
    assert settings["build"]["parameters"]["template_file"] == "infra/template.yaml"
    assert settings["validate"]["parameters"]["template_file"] == "infra/template.yaml"
    # A template named here would be deployed as it is written, without the built code.
    assert "template_file" not in settings["deploy"]["parameters"]
    assert "template_file" not in settings.get("global", {}).get("parameters", {})
    assert settings["deploy"]["parameters"]["confirm_changeset"] is True
