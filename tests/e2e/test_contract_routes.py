"""The contract of the routes: which are deployed and described, and who may call each."""

import json
import re

import pytest

from contract import (
    ADMINISTRATIVE, AUTHORIZED, FUNCTIONS, OPEN, OPERATING, SUPPORTING, expanded, functions, openapi, operations, template,
)
from template import resources as of_type


def events(function):
    """A function's routes."""
    of = function["Properties"].get("Events", {}).values()
    found = [event["Properties"] for event in of if event["Type"] == "HttpApi"]
    return {f"{event['Method']} {event['Path']}" for event in found}


def gateway_routes():
    """The routes that API Gateway imports, with the authorizers of each."""
    [api] = of_type(expanded(), "AWS::ApiGatewayV2::Api").values()
    for path, methods in api["Properties"]["Body"]["paths"].items():
        for method, operation in present(methods).items():
            security = present(operation).get("security", [])
            yield f"{method.upper()} {path}", {name for requirement in security for name in requirement}


def present(part):
    """A part that depends on a condition, as if the condition held."""
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
        "authorize": {"POST /authorize", "POST /authorize/answer"},
        "jwks": {
            "GET /.well-known/jwks.json",
            "GET /.well-known/openid-configuration",
            "GET /openid/jwks.json",
            "GET /openid/.well-known/openid-configuration",
        },
        "follow-up": set(),
        "admin": ADMINISTRATIVE,
        "audit-events": set(),
        "message-receipts": set(),
        "canary": set(),
        "cognito": set(),
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


@pytest.mark.parametrize(("function", "condition"), [("call-callback", "OffersCalls"), ("authorize", "HasEntra")])
def test_the_routes_of_what_a_deployment_does_not_have_do_not_exist(function, condition):
    [api] = of_type(expanded(), "AWS::ApiGatewayV2::Api").values()
    for route in events(functions(template())[function]):
        assert api["Properties"]["Body"]["paths"][route.split()[1]]["Fn::If"][::2] == [condition, {"Ref": "AWS::NoValue"}]


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


@pytest.mark.parametrize(("policy", "allows"), [("SupportPolicy", SUPPORTING), ("OperatorPolicy", OPERATING)])
def test_each_administrative_route_is_allowed_by_exactly_one_policy(policy, allows):
    policies = of_type(template(), "AWS::IAM::ManagedPolicy")
    assert set(policies) == {"SupportPolicy", "OperatorPolicy"}
    [allowed] = policies[policy]["Properties"]["PolicyDocument"]["Statement"]
    assert (allowed["Effect"], allowed["Action"]) == ("Allow", "execute-api:Invoke")
    api = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/$default/"
    routes = [re.sub(r"{\w+}", "*", route.replace(" ", "")) for route in allows]
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
    # The parameter's default, in the place where CloudFormation puts its value.
    assert cors["allowOrigins"] == {"Fn::Split": [",", ""]}


def test_no_access_log_holds_a_path_or_a_token():
    [api] = of_type(template(), "AWS::Serverless::HttpApi").values()
    record = json.loads(api["Properties"]["AccessLogSettings"]["Format"])
    assert record["routeKey"] == "$context.routeKey"
    # The function's id, under the name that it has in the functions' lines and in audit events.
    assert record["requestId"] == "$context.awsEndpointRequestId"
    told = {value for value in record.values() if "path" in value.lower() or "claims" in value.lower()}
    assert told == set()
