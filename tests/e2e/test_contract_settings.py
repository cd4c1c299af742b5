"""The contract of the settings: the template's parameters and variables are those that Rust declares and reads."""

import json
import re

import pytest

from contract import (
    CALL_DIGITS,
    CORRELATION_KEY,
    FUNCTIONS,
    MAC_KEYS,
    SIGNING_KEY,
    TABLE_NAME,
    facts,
    functions,
    template,
)

# The parameters without a default, because only the deployment can know them.
CHOSEN = {"AllowedCountries", "Brand", "FirstFactorIssuer"}


def settings():
    """Every setting of the functions by its variable."""
    return {setting["name"]: setting for setting in facts()["settings"]}


def environment(function):
    """What the template gives a function."""
    shared = template()["Globals"]["Function"]["Environment"]["Variables"]
    own = function["Properties"]["Environment"]["Variables"]
    return own if "Environment" in function.get("IgnoreGlobals", []) else shared | own


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_is_given_the_variables_that_it_reads_and_no_other(name):
    # Lambda sets the variables that start with AWS_.
    read = {setting["name"] for setting in settings().values() if name in setting["readers"]}
    assert set(environment(functions(template())[name])) == {name for name in read if not name.startswith("AWS_")}


def test_a_variable_comes_from_the_parameter_of_its_name():
    follow = {
        "TABLE_NAME": TABLE_NAME,
        "MAC_KEYS_SECRET_ARN": MAC_KEYS,
        "CALL_DIGITS_SECRET_ARN": CALL_DIGITS,
        "EVENT_BUS_NAME": {"Ref": "EventBus"},
        "CORRELATION_KEY_SECRET_ARN": CORRELATION_KEY,
        "SIGNING_KEY_ARN": SIGNING_KEY,
        "FIRST_FACTOR_AUDIENCE": {"Fn::Join": [",", {"Ref": "FirstFactorAudience"}]},
        "COGNITO_USER_POOL_ID": {"Fn::Select": [1, {"Fn::Split": ["/", {"Fn::Join": ["/", [{"Ref": "CognitoUserPoolArn"}, "none"]]}]}]},
        "PUBLIC_BASE_URL": {"Fn::If": ["FollowsDomain", {"Fn::Join": ["", ["https://", {"Ref": "DomainName"}]]}, {"Ref": "PublicBaseUrl"}]},
        "ENTRA": {"Fn::If": ["HasEntra", "on", "off"]},
        "ORIGIN_HOST": {"Fn::If": ["NamesOriginHost", {"Ref": "OriginHost"}, {"Ref": "DomainName"}]},
    }
    for function in functions(template()).values():
        for name, value in environment(function).items():
            expected = follow.get(name) or {"Ref": settings()[name]["parameter"]}
            assert value in (expected, {"Fn::If": ["OffersCalls", expected, ""]})


def test_every_parameter_is_explained_grouped_and_used():
    document = template()
    groups = document["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(document["Parameters"])
    used = json.dumps({name: part for name, part in document.items() if name not in ("Parameters", "Metadata")})
    for name, parameter in document["Parameters"].items():
        assert len(parameter["Description"]) > 20, name
        assert re.search(rf'{{"Ref": "{name}"}}|\$\{{{name}\}}', used), f"{name} is not used"
    assert {name for name, parameter in document["Parameters"].items() if "Default" not in parameter} == CHOSEN


def parameters(kind):
    """The settings of a kind that a deployment may choose, each with its parameter."""
    found = template()["Parameters"]
    chosen = [setting for setting in settings().values() if setting["kind"] == kind and setting["parameter"]]
    assert chosen, kind
    return [(setting, found[setting["parameter"]]) for setting in chosen]


def test_a_number_has_the_bounds_and_the_default_that_the_functions_have():
    for setting, parameter in parameters("number"):
        declared = (setting["min"], setting["max"], int(setting["default"]))
        assert (parameter["MinValue"], parameter["MaxValue"], parameter["Default"]) == declared, setting["name"]


def test_a_choice_is_between_the_words_that_the_functions_take():
    for setting, parameter in parameters("words"):
        declared = (setting["words"], setting["default"])
        assert (parameter["AllowedValues"], parameter["Default"]) == declared, setting["name"]


def test_a_text_has_the_default_and_the_length_that_the_functions_have():
    for setting, parameter in parameters("text"):
        if setting["default"] is not None:
            assert parameter["Default"] == setting["default"], setting["name"]
        elif not setting["without"]:
            assert "Default" not in parameter, setting["name"]
        if setting["max"]:
            assert parameter["MaxLength"] == setting["max"], setting["name"]


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        (
            "FirstFactorIssuer",
            ["https://login.example.com", "https://idp.example/tenant/"],
            ["http://login.example.com", ""],
        ),
        (
            "PublicBaseUrl",
            ["https://mfa.example.com", "https://x.example:8443"],
            [
                "https://mfa.example.com/",
                "https://x.example/mfa",
                "https://x.example?a",
                "https://MFA.example.com",
                "mfa.example.com",
            ],
        ),
        (
            "AllowedOrigins",
            ["", "https://a.example", "https://a.example,https://b.example:8443"],
            [
                "*",
                "https://*.example",
                "https://a.example/",
                "https://a.example,",
                "https://a.example, https://b.example",
            ],
        ),
        (
            "AllowedCountries",
            ["US", "US,CA,GB", "US,CA:sms,GB:sms+call", "FR:call"],
            ["", "us", "USA", "US, CA", "US,", "US:", "US:fax", "US:sms+", "US:sms+sms"],
        ),
        (
            "TestNumbers",
            [
                "",
                "+15005550006 424242 2027-01-31T00:00:00Z reviewer-1",
                "+15005550006 424242 2027-01-31T00:00:00Z a auth0|b;+15005550007 000000 2027-01-31T00:00:00Z c",
            ],
            [
                "+15005550006",
                "+15005550006 424242 2027-01-31T00:00:00Z",
                "15005550006 424242 2027-01-31T00:00:00Z a",
                "+15005550006 4242 2027-01-31T00:00:00Z a",
                "+15005550006 424242 2027-01-31 a",
                "+15005550006 424242 2027-01-31T00:00:00Z a;",
            ],
        ),
        ("BrandColor", ["#0b57d0", "#FFCC00"], ["", "0b57d0", "#fff", "red", "#0b57d0;"]),
        ("BrandLogo", ["", "iVBORw0KGgo=", "PHN2Zy8+"], ["iVBORw0KGgo", "PHN2\nZy8+", "<svg/>"]),
        (
            "SupportUrl",
            ["", "https://support.example.com/a?b#c", "mailto:help@example.com", "tel:+14155550100"],
            ["http://a.example", "https://", "javascript:alert(1)", "https://a.example/ b"],
        ),
        *(
            (
                parameter,
                ["", "https://www.example.com/legal?lang=en#sms"],
                ["http://a.example", "https://", "www.example.com", "mailto:a@example.com", "https://a.example/ b"],
            )
            for parameter in ("TermsUrl", "PrivacyUrl")
        ),
        (
            "RedirectUris",
            [
                "",
                "https://login.example.com/mfa/done",
                "https://login.example.com:8443/done?x=1&y=a%20b,https://b.example",
                "http://127.0.0.1:9000/signed-in,http://localhost/done",
                "com.example.app:/mfa/done,https://a.example/done,com.example-b.app2://done",
            ],
            [
                "*",
                "login.example.com/done",
                "http://login.example.com/done",
                "http://localhost.example/done",
                "myapp:/done",
                "com.example.app:done",
                "com.example.app:/done#x",
                "com.example.app://user@done",
                "Com.example.app:/done",
                "http://127x0.0.1/done",
                "https://user@login.example.com/done",
                "https://login.example.com/done#x",
                "https://a.example/done,",
                "https://a.example/done, https://b.example/done",
                "https://a.example/*,javascript:alert(1)",
            ],
        ),
        (
            "FrameAncestors",
            ["", "https://a.example", "https://a.example,https://b.example:8443", "http://127.0.0.1:9000"],
            ["*", "https://*.example", "https://a.example/", "http://a.example", "https://A.example", "https://a.example;"],
        ),
        (
            "EntraTenantIds",
            ["", "7a1f0c9e-5d0e-4a4b-9a53-2f6b8d3c1e70", ",".join(["7a1f0c9e-5d0e-4a4b-9a53-2f6b8d3c1e70"] * 5)],
            ["common", "example.onmicrosoft.com", "7a1f0c9e5d0e4a4b9a532f6b8d3c1e70", "7a1f0c9e-5d0e-4a4b-9a53-2f6b8d3c1e70,"],
        ),
        ("EntraAppId", ["", "1c5d1e0e-6f53-4b25-9d3c-0f4f2b1f7a11"], ["api://1c5d1e0e", "1c5d1e0e-6f53-4b25-9d3c"]),
        ("EntraClientId", ["", "alliance-mfa-entra"], ["urn:alliance-mfa:result", "a b"]),
        ("FirstFactorKeyArn", ["", "arn:aws:kms:us-east-1:123456789012:key/0b57-d0"], ["alias/a", "arn:aws:kms:us-east-1:123456789012:alias/a"]),
        ("Brand", ["Alliance", "A&B <Bank> ~ 1"], ["", " Bank", "Bank ", "Bänk", "B`nk"]),
        ("DomainName", ["", "mfa.example.com"], ["https://mfa.example.com", "MFA.example.com", "mfa.example.com/", "localhost"]),
        ("CertificateArn", ["", "arn:aws:acm:us-east-1:123456789012:certificate/0b57-d0"], ["arn:aws:iam::123456789012:server-certificate/a"]),
        ("HostedZoneId", ["", "Z0123456789ABC"], ["/hostedzone/Z0123456789ABC", "example.com."]),
        ("OriginHost", ["", "login.example.com"], ["https://login.example.com", "login.example.com:443", "-a.example"]),
        ("VoiceFromNumber", ["", "+14155550100"], ["4155550100", "+0123456789"]),
        ("SmsMaxPrice", ["", "0.10", "1"], ["$1", "0,10", ".5", "100"]),
        (
            "SmsSenders",
            [
                "",
                "US=+18005550100 GB=EXAMPLE CA=24273",
                "IN=EXMPLE,entity:1101,code:1107,change:1108,notice:1109 *=pool-0123",
                "*=arn:aws:sms-voice:us-east-1:123456789012:pool/pool-0123",
            ],
            ["EXAMPLE", "us=EXAMPLE", "US=", "US=EXAMPLE ", "US=EXAMPLE  GB=EXAMPLE", "US=EXAMPLE;GB=EXAMPLE"],
        ),
        ("SmsConfigurationSet", ["", "alliance-mfa"], ["alliance mfa", "a/b"]),
        (
            "EdgeSecretArn",
            ["", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:Secret-AbCdEf"],
            ["Secret-AbCdEf", "arn:aws:ssm:eu-central-1:123456789012:parameter/edge"],
        ),
        (
            "ExistingTableArn",
            ["", "arn:aws:dynamodb:us-east-1:123456789012:table/alliance-mfa-State-1A2B-Table-3C4D"],
            [
                "alliance-mfa-Table",
                "arn:aws:dynamodb:us-east-1:123456789012:table/",
                "arn:aws:dynamodb:us-east-1:123456789012:table/a/stream/2026-11-29T12:00:00.000",
                "arn:aws:dynamodb:us-east-1:123456789012:table/a/index/b",
            ],
        ),
        (
            "ExistingTableStreamArn",
            ["", "arn:aws:dynamodb:us-east-1:123456789012:table/a.b_c-d/stream/2026-11-29T12:00:00.000"],
            ["arn:aws:dynamodb:us-east-1:123456789012:table/a", "2026-11-29T12:00:00.000"],
        ),
        *(
            (
                f"Existing{secret}SecretArn",
                ["", "arn:aws:secretsmanager:us-east-1:123456789012:secret:MacKeysSecret-1A2B-3c4D5e"],
                ["MacKeysSecret", "arn:aws:kms:us-east-1:123456789012:key/1"],
            )
            for secret in ("MacKeys", "CallDigits", "CorrelationKey")
        ),
    ],
)
def test_a_parameter_takes_what_is_right_and_nothing_else(parameter, good, bad):
    pattern = template()["Parameters"][parameter]["AllowedPattern"]
    assert [value for value in good if not re.fullmatch(pattern, value)] == []
    assert [value for value in bad if re.fullmatch(pattern, value)] == []


def longest(value):
    """How long the value of a variable may get. Texts without a bound, such as ARNs and URLs, count as 100."""
    if "Fn::If" in value:
        return max(longest(branch) if isinstance(branch, dict) else len(branch) for branch in value["Fn::If"][1:])
    # The longest list has every country with all channels. A colour has a fixed length.
    if value.get("Ref") in (known := {"AllowedCountries": 750, "BrandColor": len("#0b57d0")}):
        return known[value["Ref"]]
    parameter = template()["Parameters"].get(value.get("Ref"), {})
    if "AllowedValues" in parameter:
        return max(len(word) for word in parameter["AllowedValues"])
    return parameter.get("MaxLength") or len(str(parameter.get("MaxValue", ""))) or 100


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_the_variables_of_a_function_fit_the_4_kb_that_lambda_allows(name):
    own = environment(functions(template())[name])
    assert sum(len(variable) + longest(value) for variable, value in own.items()) < 4096


def test_a_test_number_is_never_shown_by_the_stack():
    assert template()["Parameters"]["TestNumbers"]["NoEcho"] is True
