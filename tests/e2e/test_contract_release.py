"""The contract of releases: what a deployment changes, in which steps, and what takes it back."""

import copy
import json
from types import SimpleNamespace

import pytest
from samtranslator.translator.transform import transform

from contract import FUNCTIONS, REPOSITORY, expanded, facts, functions, template
from template import _expanded as one_template
from template import resources as of_type
from test_contract_settings import environment, longest

# Those that have requests enough for a tenth of them to show a fault, and no answers that must be of one version.
SHIFTED = {"start-challenge", "get-challenge", "verify-code", "call-callback", "authorize"}
# Those that not every deployment has: their own condition, and that of a gradual release.
CONDITIONAL = {"call-callback": ("OffersCalls", "ShiftsCalls"), "authorize": ("HasEntra", "ShiftsEntra")}
SHIFTS = template()["Parameters"]["TrafficShift"]["AllowedValues"]


def logical(name):
    """The logical ID of a function."""
    return "".join(word.capitalize() for word in name.split("-")) + "Function"


def deployed(**parameters):
    """The template as SAM expands it for these parameters, after CloudFormation has put their values in their places."""
    written = with_values(copy.deepcopy(template()), parameters)
    for function in functions(written).values():
        function["Properties"]["CodeUri"] = "s3://bucket/key"
    return transform(written, parameters, SimpleNamespace(load=dict))["Resources"]


def with_values(part, parameters):
    match part:
        case {"Ref": name} if name in parameters:
            return parameters[name]
        case dict():
            return {name: with_values(inner, parameters) for name, inner in part.items()}
        case list():
            return [with_values(inner, parameters) for inner in part]
    return part


def versions(resources):
    """The logical ID of each function's version. CloudFormation publishes one whenever it is another."""
    found = of_type({"Resources": resources}, "AWS::Lambda::Version").items()
    return {version["Properties"]["FunctionName"]["Ref"]: name for name, version in found}


def test_whatever_calls_a_function_calls_its_live_version():
    resources = expanded()["Resources"]
    aliases = of_type(expanded(), "AWS::Lambda::Alias")
    assert set(aliases) == {f"{logical(name)}Aliaslive" for name in FUNCTIONS}
    assert {alias["Properties"]["Name"] for alias in aliases.values()} == {"live"}
    uris = json.dumps(resources["Api"]["Properties"]["Body"]["paths"])
    for name in FUNCTIONS:
        # With a dot or a brace behind it, it would be the function itself.
        assert f"${{{logical(name)}}}" not in uris and f"${{{logical(name)}.Arn}}" not in uris
    callers = ["AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping"]
    called = [part["Properties"]["FunctionName"] for kind in callers for part in of_type(expanded(), kind).values()]
    called += [target["Arn"] for rule in of_type(expanded(), "AWS::Events::Rule").values() for target in rule["Properties"]["Targets"]]
    assert len(called) > 10 and all(target["Ref"] in aliases for target in called)
    assert {part["Properties"]["Qualifier"] for part in of_type(expanded(), "AWS::Lambda::EventInvokeConfig").values()} == {"live"}


def test_a_development_stack_waits_for_nothing_and_is_watched_by_no_alarm_of_a_release():
    assert (SHIFTS[0], template()["Parameters"]["TrafficShift"]["Default"]) == ("AllAtOnce", "AllAtOnce")
    resources = deployed(TrafficShift="AllAtOnce")
    assert not [name for name, part in resources.items() if "CodeDeploy" in part["Type"] or "UpdatePolicy" in part]
    assert template()["Conditions"]["ShiftsTraffic"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "TrafficShift"}, "AllAtOnce"]}]}
    conditions = {part.get("Condition") for name, part in resources.items() if name.endswith("NewVersionAlarm")}
    assert conditions == {"ShiftsTraffic", "ShiftsCalls", "ShiftsEntra"}


@pytest.mark.parametrize("shift", SHIFTS[1:])
def test_a_gradual_release_is_taken_back_by_the_errors_of_the_new_version_alone(shift):
    resources = deployed(TrafficShift=shift)
    groups = of_type({"Resources": resources}, "AWS::CodeDeploy::DeploymentGroup")
    assert set(groups) == {f"{logical(name)}DeploymentGroup" for name in SHIFTED}
    for name in SHIFTED:
        group, alias = groups[f"{logical(name)}DeploymentGroup"], resources[f"{logical(name)}Aliaslive"]
        condition, shifts = CONDITIONAL.get(name, (None, "ShiftsTraffic"))
        assert group.get("Condition") == alias.get("Condition") == condition
        assert alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"] == {"Ref": f"{logical(name)}DeploymentGroup"}
        assert group["Properties"]["DeploymentConfigName"] == {"Fn::Sub": ["CodeDeployDefault.Lambda${ConfigName}", {"ConfigName": shift}]}
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["Properties"]["AutoRollbackConfiguration"]["Events"]
        alarm = f"{logical(name).removesuffix('Function')}NewVersionAlarm"
        watched = group["Properties"]["AlarmConfiguration"]["Fn::If"]
        assert watched[:2] == [shifts, {"Enabled": True, "Alarms": [{"Name": {"Ref": alarm}}]}]
        properties = resources[alarm]["Properties"]
        assert (properties["Namespace"], properties["MetricName"]) == ("AWS/Lambda", "Errors")
        # Of this version: the one before may fail, which is why there is a new one.
        assert {part["Name"]: part["Value"] for part in properties["Dimensions"]} == {
            "FunctionName": {"Ref": logical(name)},
            "Resource": {"Fn::Join": [":", [{"Ref": logical(name)}, "live"]]},
            "ExecutedVersion": {"Fn::GetAtt": [versions(resources)[logical(name)], "Version"]},
        }
        assert not {"AlarmActions", "OKActions"} & properties.keys()
        assert properties["TreatMissingData"] == "notBreaching"


def published(**parameters):
    """The version of each function for these parameters. The functions alone: the rest of the template takes SAM a while."""
    written = with_values(copy.deepcopy(template()), parameters)
    kept = of_type(written, "AWS::Serverless::Function")
    for function in kept.values():
        function["Properties"] = {
            name: value for name, value in function["Properties"].items() if name not in ("Events", "Policies", "DeploymentPreference")
        } | {"CodeUri": "s3://bucket/key"}
    return versions(transform(written | {"Resources": kept, "Outputs": {}}, parameters, SimpleNamespace(load=dict))["Resources"])


def test_a_setting_that_changes_is_published_to_every_function_that_reads_it():
    before = published()
    hidden = [name for name, declared in template()["Parameters"].items() if declared.get("NoEcho")]
    # CloudFormation doesn't put its value into the template, so SAM can't see a change of it: Revision is for that.
    assert hidden == ["TestNumbers"]
    for parameter in template()["Parameters"].keys() - hidden:
        readers = {
            logical(name) for name, function in functions(template()).items() if f'{{"Ref": "{parameter}"}}' in json.dumps(environment(function))
        }
        after = published(**{parameter: "another"}) if readers else before
        assert readers <= {name for name in before if after[name] != before[name]}, parameter
    assert not set(published(Revision="2").values()) & set(before.values())


def test_parameters_that_change_an_output_of_the_nested_stack_are_in_the_text_of_every_function():
    """A version is published for another text in the template, and what a nested stack puts out is always the same text."""
    written = one_template(REPOSITORY / "infra" / "template.yaml")
    state = one_template(REPOSITORY / "infra" / "state.yaml")
    given = {name for name, value in written["Resources"]["State"]["Properties"]["Parameters"].items() if value == {"Ref": name}}
    environments = json.dumps([function["Properties"]["Environment"] for function in of_type(written, "AWS::Serverless::Function").values()] + [written["Globals"]])
    used = {name: output["Value"] for name, output in state["Outputs"].items() if f'Outputs.{name}"' in environments}
    assert {"TableName", "MacKeysSecretArn", "SigningKeyArn"} <= used.keys()
    conditions = {name: json.dumps(test) for name, test in state["Conditions"].items()}
    tagged = {tag["Ref"] for tag in written["Globals"]["Function"]["Tags"].values()}
    for name, value in used.items():
        text = json.dumps([value] + [test for condition, test in conditions.items() if f'"{condition}"' in json.dumps(value)])
        choosing = {parameter for parameter in given if f'"{parameter}' in text.replace("\\", "") or f"${{{parameter}}}" in text}
        assert choosing - {"OffersCalls"} <= tagged, name


def test_provisioned_concurrency_is_off_unless_asked_for_and_only_where_a_login_waits():
    assert template()["Parameters"]["ProvisionedConcurrency"]["Default"] == 0
    asked = {"Fn::If": ["ProvisionsConcurrency", {"ProvisionedConcurrentExecutions": {"Ref": "ProvisionedConcurrency"}}, {"Ref": "AWS::NoValue"}]}
    aliases = of_type(expanded(), "AWS::Lambda::Alias").items()
    provisioned = {name for name, alias in aliases if "ProvisionedConcurrencyConfig" in alias["Properties"]}
    assert provisioned == {f"{logical(name)}Aliaslive" for name in SHIFTED}
    assert all(expanded()["Resources"][name]["Properties"]["ProvisionedConcurrencyConfig"] == asked for name in provisioned)


def test_a_domain_is_mapped_at_its_root_and_gets_its_record_if_the_zone_is_named():
    resources, conditions = expanded()["Resources"], template()["Conditions"]
    assert conditions["HasDomain"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "DomainName"}, ""]}]}
    mapping = resources["DomainMapping"]["Properties"]
    assert "ApiMappingKey" not in mapping
    assert mapping["Stage"] == {"Ref": "ApiApiGatewayDefaultStage"} and "ApiApiGatewayDefaultStage" in resources
    assert [resources[name]["Condition"] for name in ("Domain", "DomainMapping", "DomainRecord")] == ["HasDomain", "HasDomain", "HasHostedZone"]
    target = template()["Outputs"]["DomainTarget"]
    assert (target["Condition"], target["Value"]) == ("LacksRecord", {"Fn::GetAtt": ["Domain", "RegionalDomainName"]})


def test_what_is_missing_is_named_before_anything_is_deployed():
    said = {assertion["AssertDescription"] for rule in template()["Rules"].values() for assertion in rule["Assertions"]}
    for names in (["OriginHost", "DomainName"], ["DomainName", "CertificateArn"], ["CertificateArn", "HostedZoneId", "DomainName"], ["EdgeSecretArn", "PublicBaseUrl"],
                  ["CognitoUserPoolArn", "FirstFactorKeyArn"], ["ResultAudience", "FirstFactorAudience"],
                  *(["EntraTenantIds", needed] for needed in ("EntraAppId", "EntraClientId", "FirstFactorKeyArn", "AnswerKeyArn", "AnswerCertificate"))):
        assert any(all(name in text for name in names) for text in said), names


def test_the_origin_host_has_its_limit_where_it_follows_from_the_domain_too():
    """A rule cannot measure a text, but a nested stack's parameter is checked before its resources are made."""
    checked = one_template(REPOSITORY / "infra" / "state.yaml")["Parameters"]["OriginHost"]
    limit = next(setting["max"] for setting in facts()["settings"] if setting["name"] == "ORIGIN_HOST")
    assert checked["MaxLength"] == template()["Parameters"]["OriginHost"]["MaxLength"] == limit
    passed = one_template(REPOSITORY / "infra" / "template.yaml")["Resources"]["State"]["Properties"]["Parameters"]["OriginHost"]
    assert passed == environment(functions(template())["start-challenge"])["ORIGIN_HOST"]


def test_start_challenge_has_room_for_more_settings():
    own = environment(functions(template())["start-challenge"])
    assert sum(len(variable) + longest(value) for variable, value in own.items()) <= 4096 - 80
