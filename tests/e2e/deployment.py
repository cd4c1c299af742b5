"""Deploys the product's template to the emulator, as it is but for what the emulator cannot do.

The SAM transform is applied here rather than by the emulator, which keeps an HTTP API's OpenAPI body
without making routes of it: the body is expanded into the routes, integrations and authorizers that
API Gateway would import.
"""

import io
import json
import os
import re
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path
from types import SimpleNamespace

import boto3
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from ministack import CREDENTIALS, REGION

BUCKET = "artifacts"
STACK = "alliance-mfa"


class Deployment:
    """The deployed product."""

    def __init__(self, emulator):
        self._emulator = emulator
        # The custom domain that the API gets, known before there is an API.
        self.base_url = f"http://127.0.0.1:{emulator.port}"

    def client(self, service):
        """A client of the account's root."""
        return self._client(service, *CREDENTIALS.values())

    def _client(self, service, key, secret):
        return boto3.client(
            service, endpoint_url=self._emulator.endpoint, region_name=REGION,
            aws_access_key_id=key, aws_secret_access_key=secret,
        )

    def outsider(self, service):
        """A client of someone in the account whom no policy allows anything."""
        iam = self.client("iam")
        iam.create_user(UserName="outsider")
        key = iam.create_access_key(UserName="outsider")["AccessKey"]
        return self._client(service, key["AccessKeyId"], key["SecretAccessKey"])

    def secret(self, name, document):
        """Keeps a secret, and answers its ARN."""
        return self.client("secretsmanager").create_secret(Name=name, SecretString=document)["ARN"]

    def deploy(self, template_path, bootstraps, parameters):
        """Deploys the template with those of `parameters` that it has."""
        template = yaml_parse(Path(template_path).read_text())
        self._upload(template, Path(bootstraps))
        parameters = {name: value for name, value in parameters.items() if name in template["Parameters"]}
        _allow_loopback(template["Parameters"], parameters)
        template["Parameters"]["LogLevel"].pop("AllowedValues", None)  # let it log more than any deployment may
        template = expand(template, parameters)
        storage, stacks = self.client("s3"), self.client("cloudformation")
        storage.put_object(Bucket=BUCKET, Key="template", Body=json.dumps(template))
        stacks.create_stack(
            StackName=STACK, TemplateURL=f"{self._emulator.endpoint}/{BUCKET}/template",
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"], DisableRollback=True,
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        )
        self._await_stack(stacks)
        resources = stacks.describe_stack_resources(StackName=STACK)["StackResources"]
        self._reserve(resources, int(parameters["ReservedConcurrency"]))
        self._map_domain(resources)

    def outputs(self):
        """The stack's outputs by name."""
        [stack] = self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def messages(self, number):
        """The messages sent to a phone number, the oldest first."""
        query = urllib.parse.urlencode({"phoneNumber": number})
        with urllib.request.urlopen(f"{self._emulator.endpoint}/_ministack/sns/sms-messages?{query}") as answer:
            return json.load(answer)["sms_messages"][number]

    def log_lines(self):
        """All that was ever logged in the account."""
        logs = self.client("logs")
        for group in _pages(logs, "describe_log_groups", "logGroups"):
            for event in _pages(logs, "filter_log_events", "events", logGroupName=group["logGroupName"]):
                yield group["logGroupName"], event["message"]

    def _upload(self, template, bootstraps):
        storage = self.client("s3")
        storage.create_bucket(Bucket=BUCKET)
        for function in _of_type(template, "AWS::Serverless::Function"):
            binary = _binary(function)
            storage.put_object(Bucket=BUCKET, Key=binary, Body=packed(bootstraps / binary))
            function["Properties"]["CodeUri"] = f"s3://{BUCKET}/{binary}"

    def _await_stack(self, stacks):
        waiter = stacks.get_waiter("stack_create_complete")
        waiter.config.delay = 1
        try:
            waiter.wait(StackName=STACK)
        except Exception as error:
            events = stacks.describe_stack_events(StackName=STACK)["StackEvents"]
            reasons = [f"{e['LogicalResourceId']}: {e['ResourceStatusReason']}" for e in events
                       if e["ResourceStatus"].endswith("FAILED") and "ResourceStatusReason" in e]
            raise RuntimeError("the stack was not created\n" + "\n".join(reasons)) from error

    def _reserve(self, resources, concurrency):
        """Reserves the functions' concurrency, which the emulator's CloudFormation passes over."""
        for resource in resources:
            if resource["ResourceType"] == "AWS::Lambda::Function":
                self.client("lambda").put_function_concurrency(
                    FunctionName=resource["PhysicalResourceId"], ReservedConcurrentExecutions=concurrency,
                )

    def _map_domain(self, resources):
        """Gives the API the loopback address as its custom domain: requests by that name reach the
        API at its root, as they would in an account, and AWS itself is reached by another."""
        [api] = [r["PhysicalResourceId"] for r in resources if r["ResourceType"] == "AWS::ApiGatewayV2::Api"]
        gateway = self.client("apigatewayv2")
        gateway.create_domain_name(DomainName="127.0.0.1", DomainNameConfigurations=[{"EndpointType": "REGIONAL"}])
        gateway.create_api_mapping(DomainName="127.0.0.1", ApiId=api, Stage="$default")


def packed(bootstrap):
    """A function's deployment package: the binary as `bootstrap`, executable."""
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", compresslevel=1) as package:
        package.writestr(entry, bootstrap.read_bytes(), compresslevel=1)
    return archive.getvalue()


def expand(template, parameters):
    """The template as CloudFormation, without any OpenAPI body."""
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    expanded = transform(template, parameters, SimpleNamespace(load=dict))
    for name in _named(expanded, "AWS::SecretsManager::Secret"):
        # A secret's Ref is its ARN, which the emulator gives only as an attribute.
        expanded = _replaced(expanded, {"Ref": name}, {"Fn::GetAtt": [name, "Id"]})
    for role in _of_type(expanded, "AWS::IAM::Role"):
        _forget_conditions(role["Properties"])
    for name, alarm in _named(expanded, "AWS::CloudWatch::Alarm").items():
        if "Metrics" in alarm["Properties"]:
            del expanded["Resources"][name]  # metric math is not emulated
    for name, api in _named(expanded, "AWS::ApiGatewayV2::Api").items():
        expanded["Resources"] |= _imported(name, api["Properties"])
    return expanded


def _forget_conditions(role):
    """Drops the conditions on what is signed, and how: the emulator fills in no key of KMS."""
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


def _allow_loopback(declared, parameters):
    """Lets an address be http on loopback where the template asks for https."""
    for name, value in parameters.items():
        pattern = declared[name].get("AllowedPattern", "")
        if value.startswith("http://127.0.0.1:") and not re.search(pattern, value):
            assert re.search(pattern, value.replace("http:", "https:")), (name, value)
            del declared[name]["AllowedPattern"]


def _imported(api, properties):
    """What API Gateway makes of an OpenAPI body. Leaves `properties` without it."""
    body = properties.pop("Body")
    properties |= {"Name": body["info"]["title"], "ProtocolType": "HTTP"}
    if "x-amazon-apigateway-cors" in body:
        # In the API's own spelling, which is the one that the emulator reads.
        properties["CorsConfiguration"] = body["x-amazon-apigateway-cors"]
    schemes = body["components"]["securitySchemes"]
    resources = {}
    for name, scheme in schemes.items():
        resources[f"{api}{name}"] = _authorizer(api, name, scheme["x-amazon-apigateway-authorizer"])
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
            resources |= made
    return resources


def _unwrapped(part):
    """A part of the body that is there on a condition, and that condition as a resource has it."""
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
        # SAM writes the absence of an authorizer as one called NONE.
        if name in schemes:
            route |= {"AuthorizationType": "JWT", "AuthorizerId": {"Ref": f"{api}{name}"}}
    return {"Type": "AWS::ApiGatewayV2::Route", "Properties": route}


def _binary(function):
    """Which of the workspace's binaries a function is."""
    build = function.get("Metadata", {}).get("BuildProperties", {})
    return build.get("Binary") or Path(function["Properties"]["CodeUri"]).name


def _named(template, kind):
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}


def _of_type(template, kind):
    return list(_named(template, kind).values())


def _pages(client, operation, key, **arguments):
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page[key]

