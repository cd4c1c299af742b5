"""The issuer of infra/issuer.yaml on the emulator, and first-factor tokens signed with its key.

It has to be there before the main stack, whose authorizer reads its discovery document:

    with deployed(..., FirstFactorIssuer=lambda deployment: issuer.on(deployment, BOOTSTRAP_DIR).url, FirstFactorAudience=AUDIENCE)
"""

import base64
import functools
import hashlib
import json
import os
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from types import SimpleNamespace

from samtranslator.translator.transform import transform

from deployment import packed
from ministack import REGION
from runbook import Operator
from serving import Server
from template import SAM, _expanded

TEMPLATE = Path(__file__).parents[2] / "infra" / "issuer.yaml"
STACK, BUCKET = "alliance-mfa-issuer", "issuer-artifacts"
AUDIENCE = "urn:alliance-mfa:first-factor"
OWN_ADDRESS = {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}


@functools.cache
def document():
    return _expanded(TEMPLATE) | {"Transform": SAM}


def expanded():
    """The template as SAM expands it, with a placeholder for the code."""
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    written = json.loads(json.dumps(document()))
    written["Resources"]["JwksFunction"]["Properties"]["CodeUri"] = f"s3://{BUCKET}/jwks"
    return transform(written, {}, SimpleNamespace(load=dict))


class Issuer(Server):
    """A proxy to the issuer's API, because an issuer is a host without a path. Its tokens are those of a login."""

    def __init__(self, deployment, bootstraps):
        super().__init__()
        self._deployment = deployment
        self._stacks, self._keys = deployment.client("cloudformation"), deployment.client("kms")
        self._create(bootstraps)
        self._api = self._stacks.describe_stack_resource(StackName=STACK, LogicalResourceId="Api")
        self.__enter__()

    def _create(self, bootstraps):
        storage = self._deployment.client("s3")
        storage.create_bucket(Bucket=BUCKET)
        storage.put_object(Bucket=BUCKET, Key="jwks", Body=packed(Path(bootstraps) / "jwks"))
        template = json.dumps(expanded()).replace(json.dumps(OWN_ADDRESS), json.dumps(self.url))
        storage.put_object(Bucket=BUCKET, Key="template", Body=template)
        self._stacks.create_stack(
            StackName=STACK, TemplateURL=f"{self._deployment.endpoint}/{BUCKET}/template", Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": name, "ParameterValue": value}
                        for name, value in {"ForEntra": "true", "Architecture": "x86_64"}.items()],
        )
        waiter = self._stacks.get_waiter("stack_create_complete")
        waiter.config.delay = 1
        waiter.wait(StackName=STACK)

    def handle(self, method, path, headers, body):
        api = self._api["StackResourceDetail"]["PhysicalResourceId"]
        port = self._deployment.endpoint.rsplit(":", 1)[1]
        request = urllib.request.Request(
            f"{self._deployment.endpoint}{path}", headers={"Host": f"{api}.execute-api.localhost:{port}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            return refusal.code, {}

    def output(self, name):
        [stack] = self._stacks.describe_stacks(StackName=STACK)["Stacks"]
        return next(output["OutputValue"] for output in stack["Outputs"] if output["OutputKey"] == name)

    def token(self, subject, **claims):
        """A first-factor token. `claims` override the standard ones; None removes one."""
        now = int(time.time())
        standard = {
            "iss": self.url, "aud": AUDIENCE, "sub": subject, "jti": str(uuid.uuid4()),
            "iat": now, "exp": now + 300, "auth_time": now, "amr": ["pwd"],
        }
        present = {name: value for name, value in (standard | claims).items() if value is not None}
        return self.signed(self.output("FirstFactorKeyArn"), present)

    def signed(self, key, claims):
        """A JWT of these claims, signed by a key in KMS as our functions do."""
        kid = encoded(hashlib.sha256(key.encode()).digest())[:16]
        parts = [json.dumps(part).encode() for part in ({"alg": "RS256", "typ": "JWT", "kid": kid}, claims)]
        unsigned = ".".join(map(encoded, parts))
        signature = self._keys.sign(
            KeyId=key, Message=hashlib.sha256(unsigned.encode()).digest(), MessageType="DIGEST",
            SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256",
        )["Signature"]
        return f"{unsigned}.{encoded(signature)}"

    def delete(self):
        self._stacks.delete_stack(StackName=STACK)
        waiter = self._stacks.get_waiter("stack_delete_complete")
        waiter.config.delay = 1
        waiter.wait(StackName=STACK)


@functools.cache
def on(deployment, bootstraps):
    """The issuer on a deployment's emulator, deployed once."""
    return Issuer(deployment, bootstraps)


def certificate(deployment, key, folder):
    """What infra/tools/certificate prints, after its name."""
    return Operator(deployment.endpoint, folder).types(f"infra/tools/certificate {key}").strip().split("=", 1)[1]


def encoded(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
