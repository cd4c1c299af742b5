"""Deploys the product to the emulator, and reads what is there: messages, logs, table, stream."""

import base64
import io
import json
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

import boto3

from expansion import expand
from ministack import CREDENTIALS, REGION
from template import read, resources

BUCKET = "artifacts"
STACK = "alliance-mfa"


class Deployment:
    def __init__(self, emulator):
        self._emulator = emulator
        # The custom domain of the API, known before the API exists.
        self.base_url = f"http://127.0.0.1:{emulator.port}"
        self._asked_for = None

    @property
    def endpoint(self):
        """Where the emulated AWS is reached."""
        return self._emulator.endpoint

    def client(self, service):
        """A client with the account's root credentials."""
        return self._client(service, *CREDENTIALS.values())

    def _client(self, service, key, secret):
        return boto3.client(
            service, endpoint_url=self._emulator.endpoint, region_name=REGION,
            aws_access_key_id=key, aws_secret_access_key=secret,
        )

    def outsider(self, service):
        """A client of an IAM user without any permissions."""
        return self._client(service, *self.user("outsider").values())

    def user(self, name, *policies):
        """The access key of a new IAM user with these policies."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        for policy in policies:
            iam.attach_user_policy(UserName=name, PolicyArn=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}

    def secret(self, name, document):
        """Creates a secret, and returns its ARN."""
        return self.client("secretsmanager").create_secret(Name=name, SecretString=document)["ARN"]

    def deploy(self, template_path, bootstraps, parameters):
        """Deploys the template with those of the `parameters` that it has."""
        self.client("s3").create_bucket(Bucket=BUCKET)
        self._asked_for = template_path, bootstraps, parameters
        stack = self._stack(template_path, bootstraps, parameters)
        self.client("cloudformation").create_stack(**stack, DisableRollback=True)
        self._await_stack("stack_create_complete")
        self._open(int(parameters["ReservedConcurrency"]))

    def deploy_again(self, **changed):
        """Deploys once more, with other values of some parameters: an update, or a new stack if the first was deleted."""
        template_path, bootstraps, parameters = self._asked_for
        stacks = self.client("cloudformation")
        there = [stack["StackStatus"] for stack in stacks.list_stacks()["StackSummaries"] if stack["StackName"] == STACK]
        if "DELETE_COMPLETE" in there:
            self.deploy(template_path, bootstraps, parameters | changed)
            return
        self._asked_for = template_path, bootstraps, parameters | changed
        stacks.update_stack(**self._stack(*self._asked_for))
        self._await_stack("stack_update_complete")

    def delete(self):
        """Deletes the stack. The domain is mapped to the next one."""
        gateway, stacks = self.client("apigatewayv2"), self.client("cloudformation")
        gateway.delete_domain_name(DomainName="127.0.0.1")
        stacks.delete_stack(StackName=STACK)
        self._await_stack("stack_delete_complete")

    def _stack(self, template_path, bootstraps, parameters):
        """What is asked of CloudFormation."""
        template = read(template_path)
        self._upload(template, Path(bootstraps))
        parameters = {name: value for name, value in parameters.items() if name in template["Parameters"]}
        template = expand(template, parameters)
        self.client("s3").put_object(Bucket=BUCKET, Key="template", Body=json.dumps(template))
        return {
            "StackName": STACK, "TemplateURL": f"{self.endpoint}/{BUCKET}/template",
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        }

    def _open(self, concurrency):
        """Lets requests reach the functions."""
        deployed = self.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
        self._reserve(deployed, concurrency)
        self._map_domain(deployed)

    def output(self, name):
        """An output of the stack."""
        [stack] = self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        return next(output["OutputValue"] for output in stack["Outputs"] if output["OutputKey"] == name)

    def resource(self, name):
        """The physical ID of a resource of the stack."""
        resource = self.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=name)
        return resource["StackResourceDetail"]["PhysicalResourceId"]

    def changes(self):
        """Every change that the table's stream still has, in the form in which functions receive it."""
        streams = self.client("dynamodbstreams")
        [stream] = streams.list_streams(TableName=self.output("TableName"))["Streams"]
        shards = streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"]
        for shard in shards:
            position = streams.get_shard_iterator(
                StreamArn=stream["StreamArn"], ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON",
            ).get("ShardIterator")
            while position:
                page = streams.get_records(ShardIterator=position)
                yield from (json.loads(json.dumps(record, default=_wire)) for record in page["Records"])
                position = page.get("NextShardIterator") if page["Records"] else None

    @property
    def table(self):
        [table] = self.client("dynamodb").list_tables()["TableNames"]
        return table

    def stored(self):
        """All items in the table."""
        items = _pages(self.client("dynamodb"), "scan", "Items", TableName=self.table)
        return sorted(items, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))

    def messages(self, number):
        """The messages sent to a phone number, oldest first."""
        query = urllib.parse.urlencode({"phoneNumber": number})
        with urllib.request.urlopen(f"{self._emulator.endpoint}/_ministack/sns/sms-messages?{query}") as answer:
            return json.load(answer)["sms_messages"][number]

    def log_lines(self):
        """Everything logged in the account."""
        logs = self.client("logs")
        for group in _pages(logs, "describe_log_groups", "logGroups"):
            for event in _pages(logs, "filter_log_events", "events", logGroupName=group["logGroupName"]):
                yield group["logGroupName"], event["message"]

    def _upload(self, template, bootstraps):
        storage = self.client("s3")
        for function in resources(template, "AWS::Serverless::Function").values():
            binary = _binary(function)
            storage.put_object(Bucket=BUCKET, Key=binary, Body=packed(bootstraps / binary))
            function["Properties"]["CodeUri"] = f"s3://{BUCKET}/{binary}"

    def _await_stack(self, state):
        stacks = self.client("cloudformation")
        waiter = stacks.get_waiter(state)
        waiter.config.delay = 1
        try:
            waiter.wait(StackName=STACK)
        except Exception as error:
            events = stacks.describe_stack_events(StackName=STACK)["StackEvents"]
            reasons = [f"{e['LogicalResourceId']}: {e['ResourceStatusReason']}" for e in events
                       if e["ResourceStatus"].endswith("FAILED") and "ResourceStatusReason" in e]
            raise RuntimeError(f"not {state}\n" + "\n".join(reasons)) from error

    def _reserve(self, deployed, concurrency):
        """Reserves the functions' concurrency, which the emulator's CloudFormation ignores."""
        for function in _physical(deployed, "AWS::Lambda::Function"):
            self.client("lambda").put_function_concurrency(
                FunctionName=function, ReservedConcurrentExecutions=concurrency,
            )

    def _map_domain(self, deployed):
        """Makes the loopback address the API's custom domain, so that requests to it reach the API at its root, as
        with a real domain. AWS itself is reached as `localhost`."""
        [api] = _physical(deployed, "AWS::ApiGatewayV2::Api")
        gateway = self.client("apigatewayv2")
        gateway.create_domain_name(DomainName="127.0.0.1", DomainNameConfigurations=[{"EndpointType": "REGIONAL"}])
        gateway.create_api_mapping(DomainName="127.0.0.1", ApiId=api, Stage="$default")


def packed(bootstrap):
    """A function's deployment package: the binary as `bootstrap`, executable."""
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr(entry, bootstrap.read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=1)
    return archive.getvalue()


def _wire(value):
    """A value in the form AWS uses in events: bytes as base64, times in epoch seconds."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value.timestamp()


def _binary(function):
    """The name of a function's binary in the workspace."""
    build = function.get("Metadata", {}).get("BuildProperties", {})
    return build.get("Binary") or Path(function["Properties"]["CodeUri"]).name


def _physical(deployed, kind):
    """The physical IDs of the resources of a kind."""
    return [resource["PhysicalResourceId"] for resource in deployed if resource["ResourceType"] == kind]


def _pages(client, operation, key, **arguments):
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page[key]

