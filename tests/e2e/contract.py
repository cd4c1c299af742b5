"""The three sources that the contract tests compare: the template, the API's description and Rust.

Nothing is deployed: the files are read as they are, the template also as SAM expands it. A program prints what is
defined in Rust.
"""

import copy
import functools
import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import yaml
from samtranslator.translator.transform import transform

from template import read, resources as of_type

REPOSITORY = Path(__file__).parent.parent.parent
FUNCTIONS = {path.name for path in (REPOSITORY / "functions").iterdir() if path.is_dir()}
AUTHORIZED = {"GET /v1/challenge", "POST /v1/challenge", "POST /v1/challenge/code"}
# Behind IAM: what the policy of support staff allows, and what that of operators does.
SUPPORTING = {
    "GET /v1/admin/subjects/{subject}",
    "POST /v1/admin/subjects/{subject}/reset-phone",
    "POST /v1/admin/subjects/{subject}/unlock",
    "POST /v1/admin/subjects/{subject}/unblock",
    "POST /v1/admin/subjects/{subject}/open-enrolment",
}
OPERATING = {
    "GET /v1/admin/switches",
    "PUT /v1/admin/switches/{switch}",
    "DELETE /v1/admin/switches/{switch}",
}
ADMINISTRATIVE = SUPPORTING | OPERATING
OPEN = {
    "GET /",
    "GET /assets/{version}/{file}",
    "GET /mfa-client.js",
    "POST /v1/calls/{challenge}/{token}/{event}",
    "POST /authorize",
    "POST /authorize/answer",
    "GET /.well-known/jwks.json",
    "GET /.well-known/openid-configuration",
    "GET /openid/jwks.json",
    "GET /openid/.well-known/openid-configuration",
}


@functools.cache
def template():
    return read(REPOSITORY / "infra" / "template.yaml")


@functools.cache
def expanded(**parameters):
    """The template as SAM expands it with these parameters, with a placeholder for the code."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    written = copy.deepcopy(template())
    for function in functions(written).values():
        function["Properties"]["CodeUri"] = "s3://bucket/key"
    managed = {"AWSLambdaBasicExecutionRole": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}
    return transform(written, parameters, SimpleNamespace(load=lambda: managed))


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


def operations():
    """The operations that the API's description has, by route."""
    methods = {"get", "post", "put", "patch", "delete"}
    return {
        f"{method.upper()} {path}": operation
        for path, item in openapi()["paths"].items()
        for method, operation in item.items()
        if method in methods
    }


@functools.cache
def facts():
    """What Rust declares; tests/integration/examples/facts/main.rs says what that is."""
    built = Path(os.environ.get("BOOTSTRAP_DIR", "")) / "examples" / "facts"  # built by the Makefile with the rest
    alone = ["cargo", "run", "--quiet", "--locked", "--package", "integration", "--example", "facts"]
    command = [built] if built.is_file() else alone
    return json.loads(subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE).stdout)


def own_or_existing(condition, own, parameter):
    """A resource of the stack, or what the parameter names instead."""
    return {"Fn::If": [condition, own, {"Ref": parameter}]}


TABLE = own_or_existing("CreatesTable", {"Fn::GetAtt": ["Table", "Arn"]}, "ExistingTableArn")
STREAM = own_or_existing("CreatesTable", {"Fn::GetAtt": ["Table", "StreamArn"]}, "ExistingTableStreamArn")
EXISTING_ARN = {"Fn::Sub": ["${ExistingTableArn}/", {"ExistingTableArn": {"Ref": "ExistingTableArn"}}]}
EXISTING_NAME = {"Fn::Select": [1, {"Fn::Split": ["/", EXISTING_ARN]}]}
TABLE_NAME = {"Fn::If": ["CreatesTable", {"Ref": "Table"}, EXISTING_NAME]}
SIGNING_KEY = own_or_existing("SignsWithOwnKey", {"Fn::GetAtt": ["SigningKey", "Arn"]}, "SigningKeyArn")
MAC_KEYS = own_or_existing("CreatesMacKeys", {"Ref": "MacKeysSecret"}, "ExistingMacKeysSecretArn")
CALL_DIGITS = own_or_existing("CreatesCallDigits", {"Ref": "CallDigitsSecret"}, "ExistingCallDigitsSecretArn")
CORRELATION_KEY = own_or_existing(
    "CreatesCorrelationKey", {"Ref": "CorrelationKeySecret"}, "ExistingCorrelationKeySecretArn"
)


def on_condition(condition, value):
    return {"Fn::If": [condition, value, {"Ref": "AWS::NoValue"}]}


def assert_drawn(secret, document, of=None):
    """Asserts that the functions accept the generated secret, whose key is twice the minimum length."""
    how = (of or template())["Resources"][secret]["Properties"]["GenerateSecretString"]
    taken = facts()["secrets"][document]
    assert (how["SecretStringTemplate"], how["GenerateStringKey"]) == ("{}", taken["member"])
    assert (taken["shortest"], how["PasswordLength"]) == (32, 64)
