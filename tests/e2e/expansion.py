"""Turns the product's template into CloudFormation that the emulator can deploy.

The SAM transform is applied here, because the emulator stores an HTTP API's OpenAPI body but creates no routes
from it. The body is expanded into the routes, integrations and authorizers that API Gateway would import. Nothing
else changes, except for a few things that the emulator lacks; a comment explains each of them.
"""

import json
import os
import re
from types import SimpleNamespace

from samtranslator.translator.transform import transform

from ministack import REGION
from template import resources

# The security scheme with which SAM has IAM guard a route.
IAM = "AWS_IAM"


def expand(template, parameters):
    """The template as CloudFormation, without any OpenAPI body."""
    _allow_loopback(template["Parameters"], parameters)
    template["Parameters"]["LogLevel"].pop("AllowedValues", None)  # log more than a real deployment may
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    _name_settings(template, parameters)
    expanded = transform(template, parameters, SimpleNamespace(load=dict))
    for name in resources(expanded, "AWS::SecretsManager::Secret"):
        # In AWS a secret's Ref is its ARN; in the emulator only an attribute is.
        expanded = _replaced(expanded, {"Ref": name}, {"Fn::GetAtt": [name, "Id"]})
    for role in resources(expanded, "AWS::IAM::Role").values():
        _forget_conditions(role["Properties"])
    for name, alarm in resources(expanded, "AWS::CloudWatch::Alarm").items():
        if "Metrics" in alarm["Properties"]:
            del expanded["Resources"][name]  # metric math is not emulated
    for dashboard in resources(expanded, "AWS::CloudWatch::Dashboard").values():
        dashboard["Properties"]["DashboardBody"] = _json(dashboard["Properties"]["DashboardBody"]["Fn::ToJsonString"])
    for kind in ("AWS::Logs::QueryDefinition", "AWS::Events::Archive"):  # nothing refers to them but an output
        for name in resources(expanded, kind):
            del expanded["Resources"][name]
    expanded["Outputs"].pop("AuditArchiveArn", None)
    for name, api in resources(expanded, "AWS::ApiGatewayV2::Api").items():
        expanded["Resources"] |= _imported(name, api["Properties"])
    return expanded


def _json(part):
    """What Fn::ToJsonString becomes, which the emulator refuses without its transform: functions as a part of the text."""
    functions = []

    def marked(inner):
        match inner:
            case {"Ref": _} | {"Fn::Sub": _} | {"Fn::GetAtt": _} | {"Fn::If": _}:
                functions.append(inner)
                return f"@@{len(functions) - 1}@@"
            case dict():
                return {name: marked(value) for name, value in inner.items()}
            case list():
                return [marked(value) for value in inner]
        return inner

    texts = re.split(r"@@(\d+)@@", json.dumps(marked(part)))
    # An expression has quotes of its own, and they are in a string now.
    parts = [_quoted(functions[int(text)]) if index % 2 else text for index, text in enumerate(texts)]
    return {"Fn::Join": ["", parts]}


def _quoted(function):
    match function:
        case {"Fn::Sub": [text, values]}:
            return {"Fn::Sub": [json.dumps(text)[1:-1], values]}
        case {"Fn::Sub": str(text)}:
            return {"Fn::Sub": json.dumps(text)[1:-1]}
    return function


def _name_settings(template, parameters):
    """Puts values into the functions' tags, as AWS::LanguageExtensions does everywhere: SAM then publishes new versions."""
    declared = template["Parameters"]
    tags = template["Globals"]["Function"]["Tags"]
    for name, tag in tags.items():
        tags[name] = parameters.get(tag["Ref"], declared[tag["Ref"]].get("Default"))


def _allow_loopback(declared, parameters):
    """Lets a URL be http on loopback where the template requires https."""
    for name, value in parameters.items():
        pattern = declared[name].get("AllowedPattern", "")
        if value.startswith("http://127.0.0.1:") and not re.search(pattern, value):
            assert re.search(pattern, value.replace("http:", "https:")), (name, value)
            del declared[name]["AllowedPattern"]
        if value.startswith("http://127.0.0.1:"):
            declared[name].pop("AllowedValues", None)  # Entra's three clouds


def _forget_conditions(role):
    """Drops the conditions on what is signed, and how: the emulator does not support KMS condition keys."""
    for policy in role.get("Policies", []):
        for statement in policy["PolicyDocument"]["Statement"]:
            if any(key.startswith("kms:") for keys in statement.get("Condition", {}).values() for key in keys):
                del statement["Condition"]


def _replaced(part, old, new):
    if part == old:
        return new
    if isinstance(part, dict):
        return {name: _replaced(inner, old, new) for name, inner in part.items()}
    if isinstance(part, list):
        return [_replaced(inner, old, new) for inner in part]
    return part


def _imported(api, properties):
    """The resources that API Gateway creates from an OpenAPI body, which is removed from `properties`."""
    body = properties.pop("Body")
    properties |= {"Name": body["info"]["title"], "ProtocolType": "HTTP"}
    if "x-amazon-apigateway-cors" in body:
        # In the spelling of the API Gateway API, which is the one the emulator reads.
        properties["CorsConfiguration"] = body["x-amazon-apigateway-cors"]
    schemes = body["components"]["securitySchemes"]
    imported = {}
    for name, scheme in schemes.items():
        if name != IAM:
            imported[f"{api}{name}"] = _authorizer(api, name, scheme["x-amazon-apigateway-authorizer"])
    for path, methods in body["paths"].items():
        methods, of_path = _unwrapped(methods)
        for method, operation in methods.items():
            operation, of_method = _unwrapped(operation)
            name = "".join(filter(str.isalnum, f"{api}{method}{path}"))
            made = {
                f"{name}Integration": _integration(api, operation["x-amazon-apigateway-integration"]),
                f"{name}Route": _route(api, f"{method.upper()} {path}", f"{name}Integration", operation, schemes),
            }
            for resource in made.values():
                resource |= of_path | of_method
            imported |= made
    return imported


def _unwrapped(part):
    """A conditional part of the body, and the condition as an attribute of a resource."""
    if list(part) != ["Fn::If"]:
        return part, {}
    condition, then, otherwise = part["Fn::If"]
    assert otherwise == {"Ref": "AWS::NoValue"}, otherwise
    return then, {"Condition": condition}


def _authorizer(api, name, scheme):
    assert scheme["type"] == "jwt", scheme
    return {"Type": "AWS::ApiGatewayV2::Authorizer", "Properties": {
        "ApiId": {"Ref": api},
        "AuthorizerType": "JWT",
        "Name": name,
        "IdentitySource": [scheme["identitySource"]],
        "JwtConfiguration": {
            "Audience": scheme["jwtConfiguration"]["audience"],
            "Issuer": scheme["jwtConfiguration"]["issuer"],
        },
    }}


def _integration(api, integration):
    uri, _ = _unwrapped(integration["uri"])
    return {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {
        "ApiId": {"Ref": api},
        "IntegrationType": integration["type"].upper(),
        "IntegrationUri": uri,
        "PayloadFormatVersion": integration["payloadFormatVersion"],
    }}


def _route(api, key, integration, operation, schemes):
    route = {
        "ApiId": {"Ref": api},
        "RouteKey": key,
        "Target": {"Fn::Sub": f"integrations/${{{integration}}}"},
    }
    for name in {name for requirement in operation.get("security", []) for name in requirement}:
        # SAM expresses the absence of an authorizer as one called NONE.
        if name == IAM:
            assert schemes[IAM]["x-amazon-apigateway-authtype"] == "awsSigv4"
            route |= {"AuthorizationType": "AWS_IAM"}
        elif name in schemes:
            route |= {"AuthorizationType": "JWT", "AuthorizerId": {"Ref": f"{api}{name}"}}
    return {"Type": "AWS::ApiGatewayV2::Route", "Properties": route}
