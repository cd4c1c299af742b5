"""The contract of the API: its description has what the functions take and answer, and nothing else."""

import json

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from contract import ADMINISTRATIVE, AUTHORIZED, REPOSITORY, facts, openapi, operations, words

PROBLEM = "urn:alliance-mfa:problem:"


def resolved(part):
    """A part of the API's description, or the one that it refers to."""
    while isinstance(part, dict) and "$ref" in part:
        target = openapi()
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/")]
        part = target
    return part


def problems():
    """Every problem as the functions render it, by name."""
    return {problem["name"]: problem for problem in facts()["problems"]}


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
    assert set(problems()) == described == answered


def test_every_problem_is_described_as_it_is_rendered():
    examples = openapi()["components"]["examples"]
    for name, problem in problems().items():
        assert (problem["document"]["type"], problem["document"]["status"]) == (PROBLEM + name, problem["status"])
        assert examples[name]["value"] == problem["document"]


def test_every_response_names_problems_of_its_status_with_their_headers():
    for route, status, types, response in problem_responses():
        assert set(types) == set(response["content"]["application/problem+json"]["examples"]), (route, status)
        assert {problems()[name]["status"] for name in types} == {status}, (route, status)
        needed = set().union(*(problems()[name]["headers"] for name in types)) - {"content-type"}
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
    schemas, rendered = openapi()["components"]["schemas"], facts()["subject"]
    for schema, part in [("Subject", "subject"), ("SubjectSends", "sends"), ("SubjectChallenge", "challenge")]:
        assert rendered[part]
        assert set(schemas[schema]["required"]) == set(schemas[schema]["properties"]) == set(rendered[part])
    assert set(schemas["Subject"]["properties"]["line"]["enum"]) - {None} == words("line")
    assert set(schemas["SubjectChallenge"]["properties"]["state"]["enum"]) == set(rendered["states"])


@pytest.mark.parametrize(
    ("schema", "member", "kind"),
    [
        ("Challenge", "state", "state"),
        ("Challenge", "call", "call"),
        ("Challenge", "change", "step"),
        ("SubjectChallenge", "call", "call"),
        ("Channel", "reason", "unavailable"),
        ("Channel", "lastSend", "delivery arrival"),
    ],
)
def test_every_word_of_the_challenge_is_described(schema, member, kind):
    described = openapi()["components"]["schemas"][schema]["properties"][member]["enum"]
    assert set(described) - {None} == set().union(*map(words, kind.split()))


def test_the_limits_on_sends_are_described():
    assert set(openapi()["components"]["schemas"]["Problem"]["properties"]["limit"]["enum"]) == words("limit")


def test_the_readings_of_a_number_are_described():
    assert set(openapi()["components"]["schemas"]["Reading"]["enum"]) == words("reading")


def test_every_assurance_of_a_result_is_described():
    described = openapi()["components"]["schemas"]["ResultClaims"]["properties"]["acr"]["enum"]
    assert set(described) == set(facts()["assurances"])


def test_every_field_that_a_request_may_have_is_described():
    schemas = openapi()["components"]["schemas"]
    for schema, function in [("StartRequest", "start-challenge"), ("CodeRequest", "verify-code"), ("SwitchRequest", "admin")]:
        taken = facts()["requests"][function]
        assert set(schemas[schema]["properties"]) == {*taken["required"], *taken["optional"]}
        assert schemas[schema]["required"] == taken["required"]
        assert schemas[schema]["additionalProperties"] is False


def test_the_modes_of_the_budget_are_described():
    for schema in ("Switch", "SwitchRequest"):
        assert set(openapi()["components"]["schemas"][schema]["properties"]["mode"]["enum"]) == words("budgetMode")


def test_what_a_request_is_for_is_described_wherever_it_may_be_said():
    assert words("purpose") == set(openapi()["components"]["schemas"]["Purpose"]["enum"]) - {None}
    [parameter] = operations()["GET /v1/challenge"]["parameters"]
    assert ([parameter["name"]], parameter["in"]) == (facts()["requests"]["get-challenge"]["query"], "query")


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
        # Turn references within the document into references to it.
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
        if "detail-type" in event or "triggerSource" in event:
            continue  # from the event bus or a user pool, not a request
        operation = operations()[event["routeKey"]]
        media = event["headers"].get("content-type", "").split(";")[0]
        assert media in operation.get("requestBody", {"content": {"": None}})["content"], sample.name
        for parameter in map(resolved, document["paths"][event["routeKey"].split()[1]].get("parameters", [])):
            value = event["pathParameters"][parameter["name"]]
            assert list(Draft202012Validator(parameter["schema"]).iter_errors(value)) == [], sample.name
