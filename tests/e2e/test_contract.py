"""The template, the API's description and the Rust source, held against one another.

Nothing is started or built: the files are read as they are, the template also as SAM expands it.
"""

import copy
import functools
import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from samtranslator.translator.transform import transform

from template import read, resources as of_type

REPOSITORY = Path(__file__).parent.parent.parent
FUNCTIONS = {path.name for path in (REPOSITORY / "functions").iterdir() if path.is_dir()}
# What a deployment has to say for itself, since the template cannot know it.
CHOSEN = {"AllowedCountries", "Brand", "FirstFactorAudience", "FirstFactorIssuer", "OriginHost", "ResultAudience"}
AUTHORIZED = {"GET /v1/challenge", "POST /v1/challenge", "POST /v1/challenge/code"}
ADMINISTRATIVE = {
    "GET /v1/admin/subjects/{subject}",
    "POST /v1/admin/subjects/{subject}/reset-phone",
    "POST /v1/admin/subjects/{subject}/unlock",
    "POST /v1/admin/subjects/{subject}/unblock",
}
OPEN = {
    "GET /",
    "GET /assets/{version}/{file}",
    "GET /mfa-client.js",
    "POST /v1/calls/{challenge}/{token}/{event}",
    "GET /.well-known/jwks.json",
    "GET /.well-known/openid-configuration",
}
PROBLEM = "urn:alliance-mfa:problem:"


def source(path):
    """A file's text, a Rust file's without its unit tests."""
    return (REPOSITORY / path).read_text().split("#[cfg(test)]")[0]


# --- the three parties -----------------------------------------------------------------------------


@functools.cache
def template():
    return read(REPOSITORY / "infra" / "template.yaml")


@functools.cache
def expanded():
    """The template as SAM expands it, the code being anywhere."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    written = copy.deepcopy(template())
    for function in functions(written).values():
        function["Properties"]["CodeUri"] = "s3://bucket/key"
    managed = {"AWSLambdaBasicExecutionRole": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}
    return transform(written, {}, SimpleNamespace(load=lambda: managed))


@functools.cache
def openapi():
    return yaml.safe_load((REPOSITORY / "infra" / "openapi.yaml").read_text())


def functions(document):
    """The template's functions by the name of their binary."""
    found = of_type(document, "AWS::Serverless::Function").values()
    return {function["Metadata"]["BuildProperties"]["Binary"]: function for function in found}


def words(kind):
    """A closed set of words, as Rust spells it."""
    return set(facts()["words"][kind])


def body_of(name, text):
    """A Rust function's text between its outer braces."""
    start = text.index("{", text.index(f"fn {name}("))
    depth = 0
    for end in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            return text[start : end + 1]
    raise AssertionError(name)


# --- routes ----------------------------------------------------------------------------------------


def operations():
    """The operations that the API's description has, by route."""
    methods = {"get", "post", "put", "patch", "delete"}
    return {
        f"{method.upper()} {path}": operation
        for path, item in openapi()["paths"].items()
        for method, operation in item.items()
        if method in methods
    }


def events(function):
    """A function's routes."""
    found = [event["Properties"] for event in function["Properties"].get("Events", {}).values()]
    return {f"{event['Method']} {event['Path']}" for event in found}


def gateway_routes():
    """The routes that API Gateway imports, with the authorizers of each."""
    [api] = of_type(expanded(), "AWS::ApiGatewayV2::Api").values()
    for path, methods in api["Properties"]["Body"]["paths"].items():
        for method, operation in present(methods).items():
            security = present(operation).get("security", [])
            yield f"{method.upper()} {path}", {name for requirement in security for name in requirement}


def present(part):
    """A part that is there on a condition, as if it held."""
    return part["Fn::If"][1] if set(part) == {"Fn::If"} else part


def test_every_route_is_deployed_and_described():
    deployed = [route for function in functions(template()).values() for route in events(function)]
    assert sorted(deployed) == sorted(operations()) == sorted(AUTHORIZED | ADMINISTRATIVE | OPEN)


def test_every_function_is_deployed_with_the_routes_that_are_its_own():
    assert {name: events(function) for name, function in functions(template()).items()} == {
        "login-page": {"GET /", "GET /assets/{version}/{file}", "GET /mfa-client.js"},
        "start-challenge": {"POST /v1/challenge"},
        "get-challenge": {"GET /v1/challenge"},
        "verify-code": {"POST /v1/challenge/code"},
        "call-callback": {"POST /v1/calls/{challenge}/{token}/{event}"},
        "jwks": {"GET /.well-known/jwks.json", "GET /.well-known/openid-configuration"},
        "follow-up": set(),
        "admin": ADMINISTRATIVE,
        "audit-events": set(),
    }
    assert set(functions(template())) == FUNCTIONS


def test_the_authorizer_guards_the_three_routes_of_a_login_and_no_other():
    authorizers = dict(gateway_routes())
    assert authorizers == (
        dict.fromkeys(AUTHORIZED, {"FirstFactor"})
        | dict.fromkeys(ADMINISTRATIVE, {"AWS_IAM"})
        | dict.fromkeys(OPEN, set())
    )
    described = {route for route, operation in operations().items() if {"FirstFactor": []} in operation["security"]}
    assert described == AUTHORIZED
    assert operations()["POST /v1/calls/{challenge}/{token}/{event}"]["security"] == [{"ProviderSignature": []}]


def test_iam_guards_the_administrative_routes_and_no_token_of_a_login_does():
    [api] = of_type(expanded(), "AWS::ApiGatewayV2::Api").values()
    scheme = api["Properties"]["Body"]["components"]["securitySchemes"]["AWS_IAM"]
    assert scheme["x-amazon-apigateway-authtype"] == "awsSigv4"
    described = {route for route, operation in operations().items() if operation["security"] == [{"sigv4": []}]}
    assert described == ADMINISTRATIVE
    assert openapi()["components"]["securitySchemes"]["sigv4"]["x-amazon-apigateway-authtype"] == "awsSigv4"
    # A page cannot send what a signed request needs.
    cors = api["Properties"]["Body"]["x-amazon-apigateway-cors"]["Fn::If"][1]
    assert not [name for name in cors["allowHeaders"] if name.startswith("x-amz-")]


def test_the_support_policy_allows_exactly_the_administrative_routes():
    [policy] = of_type(template(), "AWS::IAM::ManagedPolicy").values()
    [allowed] = policy["Properties"]["PolicyDocument"]["Statement"]
    assert (allowed["Effect"], allowed["Action"]) == ("Allow", "execute-api:Invoke")
    api = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/$default/"
    routes = [route.replace(" ", "").replace("{subject}", "*") for route in ADMINISTRATIVE]
    assert sorted(resource["Fn::Sub"] for resource in allowed["Resource"]) == sorted(api + route for route in routes)


def test_a_token_that_cannot_be_verified_stops_the_deployment():
    [api] = of_type(template(), "AWS::Serverless::HttpApi").values()
    assert api["Properties"]["FailOnWarnings"] is True
    [authorizer] = api["Properties"]["Auth"]["Authorizers"].values()
    assert authorizer["JwtConfiguration"]["issuer"] == {"Ref": "FirstFactorIssuer"}


def test_browsers_are_let_in_from_the_origins_named_and_with_what_the_page_sends_and_reads():
    [api] = of_type(expanded(), "AWS::ApiGatewayV2::Api").values()
    condition, cors, none = api["Properties"]["Body"]["x-amazon-apigateway-cors"]["Fn::If"]
    assert (condition, none) == ("HasAllowedOrigins", {"Ref": "AWS::NoValue"})
    assert {name: sorted(cors[name]) for name in ("allowMethods", "allowHeaders", "exposeHeaders")} == {
        "allowMethods": ["GET", "POST"],
        "allowHeaders": ["authorization", "content-type"],
        "exposeHeaders": ["date", "ratelimit", "ratelimit-policy", "retry-after"],
    }
    # As its default stands in for the parameter here, which CloudFormation resolves.
    assert cors["allowOrigins"] == {"Fn::Split": [",", ""]}


def test_no_access_log_holds_a_path_or_a_token():
    [api] = of_type(template(), "AWS::Serverless::HttpApi").values()
    record = json.loads(api["Properties"]["AccessLogSettings"]["Format"])
    assert record["routeKey"] == "$context.routeKey"
    told = {value for value in record.values() if "path" in value.lower() or "claims" in value.lower()}
    assert told == set()


# --- responses -------------------------------------------------------------------------------------


def resolved(part):
    """A part of the API's description, or the one that it refers to."""
    while isinstance(part, dict) and "$ref" in part:
        target = openapi()
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/")]
        part = target
    return part


def rendered_problems():
    """Every problem as the functions render it, in the file that a Rust test keeps true."""
    for line in (REPOSITORY / "tests/integration/src/problems.txt").read_text().splitlines():
        status, name, document, headers = re.fullmatch(r"(\d+) (\S+) (\{.*?\})((?: \S+: .*)?)", line).groups()
        members = json.loads(document)
        yield name, int(status), members, set(re.findall(r" ([a-z-]+): ", headers))


def problem_responses():
    """Every response with problems: its route, status, the types it names, the response."""
    for route, operation in operations().items():
        for status, response in operation["responses"].items():
            response = resolved(response)
            content = response.get("content", {}).get("application/problem+json")
            if content:
                [narrowed] = [part["properties"]["type"] for part in content["schema"]["allOf"] if "properties" in part]
                types = [urn.removeprefix(PROBLEM) for urn in narrowed["enum"]]
                yield route, int(status), types, response


def test_the_description_is_valid_openapi():
    validate(openapi())


def test_every_problem_of_the_functions_is_described_and_no_other():
    described = {urn.removeprefix(PROBLEM) for urn in openapi()["components"]["schemas"]["ProblemType"]["enum"]}
    answered = {name for _, _, types, _ in problem_responses() for name in types}
    assert {name for name, *_ in rendered_problems()} == described == answered


def test_every_problem_is_described_as_it_is_rendered():
    examples = openapi()["components"]["examples"]
    for name, status, members, _ in rendered_problems():
        title = name.replace("-", " ")
        assert examples[name]["value"] == {"type": PROBLEM + name, "title": title, "status": status} | members


def test_every_response_names_problems_of_its_status_with_their_headers():
    problems = {name: (status, headers) for name, status, _, headers in rendered_problems()}
    for route, status, types, response in problem_responses():
        assert set(types) == set(response["content"]["application/problem+json"]["examples"]), (route, status)
        needed = {"cache-control"}.union(*(problems[name][1] for name in types))
        assert {problems[name][0] for name in types} == {status}, (route, status)
        assert {name.lower() for name in response["headers"]} == needed, (route, status)


def test_every_error_of_the_gateway_itself_is_described_as_none_of_ours():
    for route, operation in operations().items():
        gateways = {
            status
            for status, response in operation["responses"].items()
            if "GatewayError" in json.dumps(resolved(response).get("content", {}).get("application/json", {}))
        }
        own = {"429", "500", "503"} | ({"401", "403"} if route in AUTHORIZED else {"403"} if route in ADMINISTRATIVE else set())
        assert own <= gateways, route


def test_the_challenge_is_described_as_it_is_rendered():
    schemas, members = openapi()["components"]["schemas"], facts()["members"]
    required, optional = members["challenge"]["required"], members["challenge"]["optional"]
    assert required and optional and members["channel"]
    assert set(schemas["Challenge"]["required"]) == set(required)
    assert set(schemas["Challenge"]["properties"]) == {*required, *optional}
    assert set(schemas["Channel"]["required"]) == set(schemas["Channel"]["properties"]) == set(members["channel"])


def test_a_subject_is_described_as_it_is_rendered():
    text = source("functions/admin/src/view.rs")
    schemas = openapi()["components"]["schemas"]
    for schema, function in [("Subject", "subject"), ("SubjectSends", "sends"), ("SubjectChallenge", "challenge")]:
        members = set(re.findall(r'"(\w+)": ', body_of(function, text)))
        assert set(schemas[schema]["required"]) == set(schemas[schema]["properties"]) == members
    assert set(schemas["Subject"]["properties"]["line"]["enum"]) - {None} == words("line")
    states = schemas["SubjectChallenge"]["properties"]["state"]["enum"]
    told = re.findall(r"State::(\w+)", body_of("live", source("shared/domain/src/administration.rs")))
    assert set(states) == {state.lower() for state in told}


@pytest.mark.parametrize(
    ("schema", "member", "kind"),
    [
        ("Challenge", "state", "state"),
        ("Challenge", "call", "call"),
        ("Challenge", "change", "step"),
        ("SubjectChallenge", "call", "call"),
        ("Channel", "reason", "unavailable"),
        ("Channel", "lastSend", "delivery"),
    ],
)
def test_every_word_of_the_challenge_is_described(schema, member, kind):
    described = openapi()["components"]["schemas"][schema]["properties"][member]["enum"]
    assert set(described) - {None} == words(kind)


def test_the_limits_on_sends_are_described():
    assert set(openapi()["components"]["schemas"]["Problem"]["properties"]["limit"]["enum"]) == words("limit")


def test_every_assurance_of_a_result_is_described():
    described = openapi()["components"]["schemas"]["ResultClaims"]["properties"]["acr"]["enum"]
    assert set(described) == set(facts()["assurances"])


def test_every_field_that_a_request_may_have_is_described():
    schemas = openapi()["components"]["schemas"]
    for schema, function in [("StartRequest", "start-challenge"), ("CodeRequest", "verify-code")]:
        taken = re.findall(r'fields\.(text|maybe_text)\("(\w+)"\)', source(f"functions/{function}/src/lib.rs"))
        assert "fields.purpose()" in source(f"functions/{function}/src/lib.rs")
        assert set(schemas[schema]["properties"]) == {name for _, name in taken} | {"purpose"}
        assert schemas[schema]["required"] == [name for kind, name in taken if kind == "text"]
        assert schemas[schema]["additionalProperties"] is False


def test_what_a_request_is_for_is_described_wherever_it_may_be_said():
    assert words("purpose") == set(openapi()["components"]["schemas"]["Purpose"]["enum"]) - {None}
    read = re.findall(r'\.first\("(\w+)"\)', source("functions/get-challenge/src/lib.rs"))
    [parameter] = operations()["GET /v1/challenge"]["parameters"]
    assert ([parameter["name"]], parameter["in"]) == (read, "query")


def contents():
    """Everything that has a schema and examples, with where it is."""
    for route, operation in operations().items():
        if "requestBody" in operation:
            yield from ((route, part) for part in operation["requestBody"]["content"].values())
        for status, response in operation["responses"].items():
            yield from ((f"{route} {status}", part) for part in resolved(response).get("content", {}).values())


def test_every_example_is_what_its_schema_says():
    document = openapi()
    registry = Registry().with_resource("urn:api", Resource(contents=document, specification=DRAFT202012))
    for where, content in contents():
        # References within the document, made references to it.
        schema = json.loads(json.dumps(content["schema"]).replace('"#/', '"urn:api#/'))
        validator = Draft202012Validator(schema, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER)
        examples = [resolved(example)["value"] for example in content.get("examples", {}).values()]
        examples += [content["example"]] if "example" in content else []
        assert examples, f"{where} has no example"
        for example in examples:
            assert list(validator.iter_errors(example)) == [], where


def test_the_samples_of_requests_fit_the_description():
    document = openapi()
    for sample in (REPOSITORY / "events").glob("*.json"):
        event = json.loads(sample.read_text())
        operation = operations()[event["routeKey"]]
        media = event["headers"].get("content-type", "").split(";")[0]
        assert media in operation.get("requestBody", {"content": {"": None}})["content"], sample.name
        for parameter in map(resolved, document["paths"][event["routeKey"].split()[1]].get("parameters", [])):
            value = event["pathParameters"][parameter["name"]]
            assert list(Draft202012Validator(parameter["schema"]).iter_errors(value)) == [], sample.name


# --- configuration ---------------------------------------------------------------------------------

@functools.cache
def facts():
    """What Rust declares; tests/integration/examples/facts/main.rs says what that is."""
    built = Path(os.environ.get("BOOTSTRAP_DIR", "")) / "examples" / "facts"  # by the Makefile, with all else
    alone = ["cargo", "run", "--quiet", "--locked", "--package", "integration", "--example", "facts"]
    command = [built] if built.is_file() else alone
    return json.loads(subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE).stdout)


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
    resources = {
        "TABLE_NAME": "Table",
        "MAC_KEYS_SECRET_ARN": "MacKeysSecret",
        "EVENT_BUS_NAME": "EventBus",
        "CORRELATION_KEY_SECRET_ARN": "CorrelationKeySecret",
    }
    for function in functions(template()).values():
        for name, value in environment(function).items():
            expected = settings()[name]["parameter"] or resources[name]
            if name == "SIGNING_KEY_ARN":
                assert value["Fn::If"][2] == {"Ref": expected}
            else:
                assert value == {"Ref": expected}


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
            ["https://mfa.example.com", "https://x.example/mfa"],
            ["https://mfa.example.com/", "mfa.example.com"],
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
            "RedirectUris",
            [
                "",
                "https://login.example.com/mfa/done",
                "https://login.example.com:8443/done?x=1&y=a%20b,https://b.example",
                "http://127.0.0.1:9000/signed-in,http://localhost/done",
            ],
            [
                "*",
                "login.example.com/done",
                "http://login.example.com/done",
                "http://localhost.example/done",
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
        ("Brand", ["Alliance", "A&B <Bank> ~ 1"], ["", " Bank", "Bank ", "Bänk", "B`nk"]),
        ("OriginHost", ["login.example.com"], ["", "https://login.example.com", "login.example.com:443", "-a.example"]),
        ("VoiceFromNumber", ["", "+14155550100"], ["4155550100", "+0123456789"]),
        ("SmsMaxPrice", ["", "0.10", "1"], ["$1", "0,10", ".5"]),
    ],
)
def test_a_parameter_takes_what_is_right_and_nothing_else(parameter, good, bad):
    pattern = template()["Parameters"][parameter]["AllowedPattern"]
    assert [value for value in good if not re.fullmatch(pattern, value)] == []
    assert [value for value in bad if re.fullmatch(pattern, value)] == []


def longest(value):
    """How long the value of a variable may get. Texts without a bound, such as ARNs and URLs, count as 100."""
    # Every country, each by all channels; and a colour.
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


# --- functions -------------------------------------------------------------------------------------


def test_every_function_is_built_from_its_own_crate():
    for name, function in functions(template()).items():
        assert function["Metadata"]["BuildMethod"] == "rust-cargolambda"
        crate = REPOSITORY / "infra" / function["Properties"]["CodeUri"] / "Cargo.toml"
        assert tomllib.loads(crate.read_text())["package"]["name"] == name


def test_every_function_has_the_runtime_and_the_size_that_are_meant():
    shared = template()["Globals"]["Function"]
    assert (shared["Runtime"], shared["MemorySize"], shared["Timeout"]) == ("provided.al2023", 128, 6)
    assert shared["Architectures"] == [{"Ref": "Architecture"}]
    assert template()["Parameters"]["Architecture"]["Default"] == "arm64"
    own = {name: function["Properties"].get("Timeout") for name, function in functions(template()).items()}
    assert own == dict.fromkeys(FUNCTIONS) | {"start-challenge": 15, "audit-events": 60, "follow-up": 60}
    # A send that takes all its time, then the write that records it, within the function's own time.
    assert template()["Parameters"]["SendTimeoutSeconds"]["MaxValue"] + 3 < 15
    # The time that follow-up takes for its batch, the last notice included, and the write after that.
    assert facts()["batchSeconds"] + 10 <= 60


TABLE = {"Fn::GetAtt": ["Table", "Arn"]}
KEY = {"Fn::If": ["SignsWithOwnKey", {"Fn::GetAtt": ["SigningKey", "Arn"]}, {"Ref": "SigningKeyArn"}]}
STREAM = {"Fn::Sub": "${Table.Arn}/stream/*"}
MAC_KEYS = {"Ref": "MacKeysSecret"}
SIGNING = {"StringEquals": {"kms:SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256", "kms:MessageType": "DIGEST"}}


def on_condition(condition, value):
    return {"Fn::If": [condition, value, {"Ref": "AWS::NoValue"}]}


def statement(effect, actions, *resources, condition=None):
    return effect, frozenset(actions.split()), json.dumps(sorted(resources, key=json.dumps)), json.dumps(condition)


ALLOWED = {
    "login-page": set(),
    "start-challenge": {
        statement(
            "Allow", "dynamodb:Query dynamodb:ConditionCheckItem dynamodb:PutItem dynamodb:UpdateItem", TABLE
        ),
        statement(
            "Allow",
            "secretsmanager:GetSecretValue",
            MAC_KEYS,
            on_condition("OffersCalls", {"Ref": "VoiceApiSecretArn"}),
        ),
        statement("Allow", "sns:Publish", "*"),
        statement("Deny", "sns:Publish", {"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"}),
    },
    "get-challenge": {
        statement("Allow", "dynamodb:Query dynamodb:UpdateItem", TABLE),
        ("ShowsDigits", statement("Allow", "secretsmanager:GetSecretValue", MAC_KEYS)),
        statement("Allow", "kms:Sign", KEY, condition=SIGNING),
    },
    "verify-code": {
        statement("Allow", "dynamodb:UpdateItem", TABLE),
        statement("Allow", "secretsmanager:GetSecretValue", MAC_KEYS),
        statement("Allow", "kms:Sign", KEY, condition=SIGNING),
    },
    "call-callback": {
        statement("Allow", "dynamodb:GetItem dynamodb:UpdateItem", TABLE),
        statement(
            "Allow",
            "secretsmanager:GetSecretValue",
            {"Ref": "VoiceSigningSecretArn"},
            on_condition("CallsPassSecrets", MAC_KEYS),
        ),
    },
    "admin": {statement("Allow", "dynamodb:Query dynamodb:UpdateItem", TABLE)},
    "jwks": {
        statement(
            "Allow", "kms:GetPublicKey", KEY, on_condition("PublishesPreviousKey", {"Ref": "PreviousSigningKeyArn"})
        ),
    },
    "audit-events": {
        statement(
            "Allow",
            "dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator dynamodb:ListStreams",
            STREAM,
        ),
        statement("Allow", "secretsmanager:GetSecretValue", {"Ref": "CorrelationKeySecret"}),
        statement("Allow", "events:PutEvents", {"Fn::GetAtt": ["EventBus", "Arn"]}),
        statement("Allow", "sqs:SendMessage", {"Fn::GetAtt": ["AuditEventsDeadLetters", "Arn"]}),
    },
    "follow-up": {
        statement(
            "Allow",
            "dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator dynamodb:ListStreams",
            STREAM,
        ),
        statement(
            "Allow",
            "dynamodb:UpdateItem",
            TABLE,
            condition={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["country#*"]}},
        ),
        statement("Allow", "sns:Publish", "*"),
        statement("Deny", "sns:Publish", {"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"}),
        statement("Allow", "sqs:SendMessage", {"Fn::GetAtt": ["FollowUpDeadLetters", "Arn"]}),
    },
}


def listed(value):
    return value if isinstance(value, list) else [value]


def allowed(part):
    """A statement of the template, with its condition where it has one."""
    if "Fn::If" in part:
        condition, granted, otherwise = part["Fn::If"]
        assert otherwise == {"Ref": "AWS::NoValue"}
        return condition, allowed(granted)
    resources, condition = listed(part["Resource"]), part.get("Condition")
    return statement(part["Effect"], " ".join(listed(part["Action"])), *resources, condition=condition)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_may_do_exactly_what_it_does(name):
    properties = functions(template())[name]["Properties"]
    assert "Role" not in properties
    policies = properties.get("Policies", [])
    assert {allowed(part) for policy in policies for part in policy["Statement"]} == ALLOWED[name]


def test_the_mac_keys_are_read_only_in_the_call_modes_that_need_them():
    conditions = template()["Conditions"]
    assert conditions["CallsPassSecrets"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "CallMode"}, "press-pound"]}]}
    shows = [{"Condition": "OffersCalls"}, {"Fn::Equals": [{"Ref": "CallMode"}, "match-digits"]}]
    assert conditions["ShowsDigits"] == {"Fn::And": shows}


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
    [rule] = document["Rules"].values()
    assert (
        rule["RuleCondition"]
        == document["Conditions"]["OffersCalls"]
        == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Channels"}, "sms"]}]}
    )
    needed = {part["Assert"]["Fn::Not"][0]["Fn::Equals"][0]["Ref"] for part in rule["Assertions"]}
    assert needed == {"VoiceApiSecretArn", "VoiceSigningSecretArn", "VoiceFromNumber"}


# --- state, keys, alarms ---------------------------------------------------------------------------


def test_the_table_is_kept_protected_and_forgets_what_is_over():
    [table] = of_type(template(), "AWS::DynamoDB::Table").values()
    properties = table["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert [(key["AttributeName"], key["KeyType"]) for key in properties["KeySchema"]] == [
        ("pk", "HASH"),
        ("sk", "RANGE"),
    ]
    assert properties["TimeToLiveSpecification"] == {"AttributeName": facts()["ttl"], "Enabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"]["SSEEnabled"] is True
    assert properties["DeletionProtectionEnabled"] is True


def test_what_cannot_be_made_anew_outlives_the_stack():
    lasting = {"AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::SecretsManager::Secret"}
    found = [part for part in template()["Resources"].values() if part["Type"] in lasting]
    assert {part["Type"] for part in found} == lasting
    for part in found:
        assert (part["DeletionPolicy"], part["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_results_are_signed_by_a_key_that_an_authorizer_can_verify_and_that_has_a_name():
    document = template()
    key = document["Resources"]["SigningKey"]["Properties"]
    assert (key["KeySpec"], key["KeyUsage"]) == ("RSA_2048", "SIGN_VERIFY")
    [alias] = of_type(document, "AWS::KMS::Alias").values()
    assert alias["Properties"]["TargetKeyId"] == {"Ref": "SigningKey"}


def test_the_mac_key_is_drawn_by_the_deployment():
    assert drawn("MacKeysSecret") == ("{}", "current", 64)
    assert re.search(r"SHORTEST_KEY: usize = 32;", source("shared/platform/src/secrets.rs"))


def drawn(secret):
    """How a secret's first document is made."""
    how = template()["Resources"][secret]["Properties"]["GenerateSecretString"]
    return how["SecretStringTemplate"], how["GenerateStringKey"], how["PasswordLength"]


def alarms():
    """What is watched: namespace, metric, and the dimensions' values."""
    for alarm in of_type(template(), "AWS::CloudWatch::Alarm").values():
        properties = alarm["Properties"]
        assert properties["TreatMissingData"] == "notBreaching"
        assert properties["AlarmActions"] == on_condition("NotifiesOfAlarms", [{"Ref": "AlarmTopicArn"}])
        metrics = [part["MetricStat"]["Metric"] for part in properties.get("Metrics", []) if "MetricStat" in part]
        for metric in metrics or [properties]:
            values = [part["Value"] for part in metric.get("Dimensions", [])]
            values = tuple(next(iter(value.values())) if isinstance(value, dict) else value for value in values)
            yield metric["Namespace"], metric["MetricName"], values


def test_an_alarm_watches_everything_that_may_go_wrong():
    logical = [name for name in of_type(template(), "AWS::Serverless::Function")]
    start = "StartChallengeFunction"
    assert sorted(alarms()) == sorted(
        [("AWS/Lambda", metric, (name,)) for name in logical for metric in ("Errors", "Throttles")]
        + [
            ("AllianceMfa", "SmsRefused", (start, reason))
            for reason in ("authorization", "spend-limit", "throttled", "invalid")
        ]
        + [
            ("AllianceMfa", metric, (start, channel))
            for metric in ("ProviderFailed", "SendLatency")
            for channel in ("sms", "call")
        ]
        + [("AllianceMfa", "StartRefused", (start, reason)) for reason in ("network", "country-sms", "country-call")]
        + [("AWS/SNS", "SMSMonthToDateSpentUSD", ())]
        + [("AWS/DynamoDB", metric, ("Table",)) for metric in ("ReadThrottleEvents", "WriteThrottleEvents")]
        + [("AWS/ApiGateway", "5xx", ("Api",))]
        + [("AWS/Lambda", "IteratorAge", ("AuditEventsFunction",))]
        + [("AWS/SQS", "ApproximateNumberOfMessagesVisible", (["AuditEventsDeadLetters", "QueueName"],))]
        + [("AWS/Lambda", "IteratorAge", ("FollowUpFunction",))]
        + [("AWS/SQS", "ApproximateNumberOfMessagesVisible", (["FollowUpDeadLetters", "QueueName"],))]
    )


def test_the_metrics_that_are_watched_are_those_that_are_written():
    own = {(name, values[1]) for namespace, name, values in alarms() if namespace == "AllianceMfa"}
    assert {metric["name"] for metric in facts()["metrics"]} == {name for name, _ in own}
    assert {value for name, value in own if name == "SmsRefused"} == words("sendFailure") - {"fault", "unknown"}
    assert {value for name, value in own if name == "StartRefused"} <= words("limit")


def test_a_test_number_is_never_shown_by_the_stack():
    assert template()["Parameters"]["TestNumbers"]["NoEcho"] is True


# --- audit events ----------------------------------------------------------------------------------


@functools.cache
def event_schema():
    return json.loads((REPOSITORY / "infra" / "events.schema.json").read_text())


def told():
    """Every event that the function tells of changes made by hand, in the file that a Rust test keeps true."""
    for line in (REPOSITORY / "functions/audit-events/tests/stream/events.jsonl").read_text().splitlines():
        yield json.loads(line)["event"]


def event_types():
    """The types that the schema has, by name."""
    names = [part["$ref"].removeprefix("#/$defs/") for part in event_schema()["oneOf"]]
    return {name: event_schema()["$defs"][name] for name in names}


def test_every_event_is_what_its_schema_says():
    Draft202012Validator.check_schema(event_schema())
    validator = Draft202012Validator(event_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for event in told():
        assert list(validator.iter_errors(event)) == [], event


def test_every_event_of_the_function_is_described_and_nothing_that_it_never_tells():
    assert set(event_types()) == {event["type"] for event in told()}
    for name, described in event_types().items():
        fields = set().union(*(event for event in told() if event["type"] == name))
        assert described["properties"]["type"] == {"const": name}
        assert described["additionalProperties"] is False
        # A test number is one in each event of its challenge, and shown in two.
        assert set(described["properties"]) - fields <= {"test"}, name


def test_the_function_is_brought_every_change_that_is_an_event_and_until_the_bus_has_it():
    properties = template()["Resources"]["AuditEventsSource"]["Properties"]
    assert properties["EventSourceArn"] == {"Fn::GetAtt": ["Table", "StreamArn"]}
    assert properties["FunctionName"] == {"Ref": "AuditEventsFunction"}
    assert properties["StartingPosition"] == "TRIM_HORIZON"
    assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert properties["BisectBatchOnFunctionError"] is True
    # Well within the day that the stream keeps a change.
    assert (properties["MaximumRetryAttempts"], properties["MaximumRecordAgeInSeconds"]) == (-1, 4 * 3600)
    dead_letters = {"Fn::GetAtt": ["AuditEventsDeadLetters", "Arn"]}
    assert properties["DestinationConfig"] == {"OnFailure": {"Destination": dead_letters}}
    [table] = of_type(template(), "AWS::DynamoDB::Table").values()
    assert table["Properties"]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    queue = template()["Resources"]["AuditEventsDeadLetters"]["Properties"]
    assert queue == {"SqsManagedSseEnabled": True, "MessageRetentionPeriod": 14 * 86400}


def test_changes_that_are_no_event_wake_nobody():
    filters = template()["Resources"]["AuditEventsSource"]["Properties"]["FilterCriteria"]["Filters"]
    patterns = [json.loads(part["Pattern"]) for part in filters]
    assert len(patterns) <= 5  # what Lambda takes
    assert [pattern.pop("eventName") for pattern in patterns] == [["INSERT", "MODIFY"]] * len(patterns)
    assert [pattern["dynamodb"] for pattern in patterns] == [
        {"Keys": {"pk": {"S": [{"prefix": "subject#"}]}}},
        {"Keys": {"sk": {"S": ["number"]}}},
        {"Keys": {"sk": {"S": [{"prefix": "breaker#"}]}}},
        {"NewImage": {"quota": {"N": [{"exists": True}]}}},
    ]
    keys = facts()["keys"]
    assert keys["subjectPartition"].startswith("subject#")
    assert keys["numberSort"] == "number"
    assert keys["breakerSort"].startswith("breaker#")


def test_the_key_of_the_digests_is_drawn_by_the_deployment_and_kept():
    assert drawn("CorrelationKeySecret") == ("{}", "key", 64)
    text = source("functions/audit-events/src/correlation.rs")
    assert "SHORTEST_KEY: usize = 32;" in text and "key: String" in text


# --- follow-up -------------------------------------------------------------------------------------


def test_the_follow_up_is_brought_every_change_of_which_something_follows_and_until_it_is_done():
    properties = template()["Resources"]["FollowUpSource"]["Properties"]
    assert properties["EventSourceArn"] == {"Fn::GetAtt": ["Table", "StreamArn"]}
    assert properties["FunctionName"] == {"Ref": "FollowUpFunction"}
    assert properties["StartingPosition"] == "TRIM_HORIZON"
    assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert properties["BisectBatchOnFunctionError"] is True
    # One transaction, of at most a hundred items, takes the counts of a batch.
    assert properties["BatchSize"] <= 100
    # Well within the day that the stream keeps a change.
    assert (properties["MaximumRetryAttempts"], properties["MaximumRecordAgeInSeconds"]) == (-1, 4 * 3600)
    dead_letters = {"Fn::GetAtt": ["FollowUpDeadLetters", "Arn"]}
    assert properties["DestinationConfig"] == {"OnFailure": {"Destination": dead_letters}}
    queue = template()["Resources"]["FollowUpDeadLetters"]["Properties"]
    assert queue == {"SqsManagedSseEnabled": True, "MessageRetentionPeriod": 14 * 86400}
    [table] = of_type(template(), "AWS::DynamoDB::Table").values()
    assert table["Properties"]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_changes_of_which_nothing_follows_wake_nobody():
    [filter_] = template()["Resources"]["FollowUpSource"]["Properties"]["FilterCriteria"]["Filters"]
    exists = {"phone": {"S": [{"exists": True}]}}
    assert json.loads(filter_["Pattern"]) == {
        "eventName": ["MODIFY"],
        "dynamodb": {"Keys": {"sk": {"S": ["subject"]}}, "OldImage": exists, "NewImage": exists},
    }
    assert facts()["keys"]["subjectSort"] == "subject"


def test_the_follow_up_may_write_the_items_that_it_writes():
    assert facts()["keys"]["countryPartition"].startswith("country#")


def test_a_stream_has_no_more_readers_than_it_bears():
    sources = of_type(template(), "AWS::Lambda::EventSourceMapping").values()
    assert 1 <= sum("Table" in json.dumps(part["Properties"]["EventSourceArn"]) for part in sources) <= 2


# --- deploying -------------------------------------------------------------------------------------


def test_what_is_deployed_is_what_was_built():
    settings = tomllib.loads((REPOSITORY / "samconfig.toml").read_text())["default"]
    assert settings["build"]["parameters"]["template_file"] == "infra/template.yaml"
    assert settings["validate"]["parameters"]["template_file"] == "infra/template.yaml"
    # A template named here would be deployed as it is written, without the built code.
    assert "template_file" not in settings["deploy"]["parameters"]
    assert "template_file" not in settings.get("global", {}).get("parameters", {})
    assert settings["deploy"]["parameters"]["confirm_changeset"] is True
