"""A Cognito user pool that asks for the phone after the password, with the code of the guide in infra/LOGINS.md."""

import base64
import hashlib
import json
import runpy
import subprocess
import uuid

import botocore.session
import jwt
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.serialization import load_der_public_key

from conftest import HERE, TEST_CODE, TEST_NUMBER, deployed
from deployment import STACK
from page import Page
from runbook import REPOSITORY, Operator
from serving import Server

FIRST_FACTOR, RESULT = "urn:alliance-mfa:first-factor", "urn:alliance-mfa:result"
PASSWORD = "Correct-horse-7"
FLOWS = ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
FOUND_NOTHING = "No client and no trigger lets anybody in without the phone."
TOOL = f"infra/tools/cognito --stack {STACK}"


class Account:
    """What there is before the main stack: a pool, and the issuer with its key."""

    def __init__(self):
        self.pool = self.issuer = self.key = None

    def pool_arn(self, deployment):
        pool = deployment.client("cognito-idp").create_user_pool(
            PoolName="people", AutoVerifiedAttributes=["email"], EmailVerificationSubject="Your code",
            AccountRecoverySetting={"RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]},
        )["UserPool"]
        self.pool = pool["Id"]
        return pool["Arn"]

    def key_arn(self, deployment):
        if not self.key:
            keys = deployment.client("kms")
            self.key = keys.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
            self.issuer = KeySet(self.key, keys.get_public_key(KeyId=self.key)["PublicKey"]).__enter__()
        return self.key

    def issuer_url(self, deployment):
        self.key_arn(deployment)
        return self.issuer.url


class KeySet(Server):
    """Discovery and keys of the issuer."""

    def __init__(self, arn, public):
        super().__init__()
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(load_der_public_key(public), as_dict=True)
        kid = base64.urlsafe_b64encode(hashlib.sha256(arn.encode()).digest()).decode()[:16]
        self._documents = {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/keys": {"keys": [jwk | {"kid": kid, "use": "sig", "alg": "RS256"}]},
        }

    def handle(self, method, path, headers, body):
        return (200, self._documents[path]) if path in self._documents else (404, {})


@pytest.fixture(scope="module")
def account():
    return Account()


@pytest.fixture(scope="module")
def product(hosted_login, provider, confidential, account):
    with deployed(
        hosted_login, provider, confidential,
        CognitoUserPoolArn=account.pool_arn, FirstFactorKeyArn=account.key_arn, FirstFactorIssuer=account.issuer_url,
        FirstFactorAudience=FIRST_FACTOR, ResultAudience=RESULT,
    ) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def operator(product, tmp_path_factory):
    return Operator(product.endpoint, tmp_path_factory.mktemp("operator"))


@pytest.fixture(scope="module")
def client(product, account, operator):
    """An app client as many pools have it, before the tool has put it and the pool right."""
    client = product.client("cognito-idp").create_user_pool_client(
        UserPoolId=account.pool, ClientName="app", ExplicitAuthFlows=[*FLOWS, "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"],
        CallbackURLs=["https://app.example.com/done"], AllowedOAuthFlows=["code"], AllowedOAuthScopes=["openid"],
        AllowedOAuthFlowsUserPoolClient=True, RefreshTokenValidity=7,
    )["UserPoolClient"]["ClientId"]
    found = operator.finds(f"{TOOL} {account.pool}")
    for wrong in ("DefineAuthChallenge", "PreTokenGeneration", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "managed login"):
        assert wrong in found
    assert FOUND_NOTHING in operator.types(f"{TOOL} {account.pool} --set")
    return client


class User:
    _numbers = iter(range(7000, 8000))

    def __init__(self, product, account, client, confidential, **attributes):
        self.product, self.account, self.client, self.confidential = product, account, client, confidential
        self.name = f"user-{uuid.uuid4()}"
        self.number = attributes.pop("number", None) or f"+1415555{next(self._numbers)}"
        confidential.add("phone number", self.number)
        given = {"phone_number": self.number, "phone_number_verified": "true"} | attributes
        self._pool = product.client("cognito-idp")
        self._pool.admin_create_user(
            UserPoolId=account.pool, Username=self.name, MessageAction="SUPPRESS",
            UserAttributes=[{"Name": name, "Value": value} for name, value in given.items() if value is not None],
        )
        self._pool.admin_set_user_password(UserPoolId=account.pool, Username=self.name, Password=PASSWORD, Permanent=True)

    @property
    def sub(self):
        found = self._pool.admin_get_user(UserPoolId=self.account.pool, Username=self.name)["UserAttributes"]
        return next(attribute["Value"] for attribute in found if attribute["Name"] == "sub")

    def sign_in(self, password=PASSWORD, name=None):
        return SignIn(self, password, name or self.name)


class SignIn:
    """One sign-in: a password, then a page in a frame."""

    def __init__(self, user, password, name):
        self.user = user
        self._node = subprocess.Popen(["node", HERE / "cognito.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        given = {"pool": user.account.pool, "client": user.client, "endpoint": f"{user.product.endpoint}/"}
        self.said = self._ask(given | {"username": name, "password": password})

    def page(self):
        assert self.said["page"] == f"{self.user.product.base_url}/"
        return Page(self.user.product.base_url, self.said["token"], self.user.number, self.user.confidential)

    def result(self, **fields):
        """The result of the journey by SMS."""
        page = self.page()
        started = page.start("sms", **fields)
        assert started.status_code == 201, started.text
        [*_, message] = self.user.product.messages(self.user.number)
        return page.guess(message["Message"].rsplit("#", 1)[1]).json()["resultToken"]

    def answer(self, result):
        return self._ask({"result": result})

    def _ask(self, document):
        self._node.stdin.write(json.dumps(document) + "\n")
        self._node.stdin.flush()
        return json.loads(self._node.stdout.readline())


@pytest.fixture
def someone(product, account, client, confidential):
    """Creates people who are new to the pool."""
    return lambda **attributes: User(product, account, client, confidential, **attributes)


@pytest.fixture
def user(someone):
    return someone()


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def test_password_and_phone_together_bring_tokens(user, account):
    sign_in = user.sign_in()
    token = claims(sign_in.said["token"])
    assert token["sub"] == f"cognito:{account.pool}:{user.sub}"
    assert (token["phone_number"], token["phone_number_verified"]) == (user.number, True)
    result = sign_in.result()
    assert claims(result)["txn"] == token["jti"]
    tokens = sign_in.answer(result)
    assert claims(tokens["accessToken"])["sub"] == user.sub


def test_the_enrolled_number_is_found_again(someone):
    user = someone(phone_number_verified="false")
    first = user.sign_in()
    assert "phone_number" not in claims(first.said["token"])
    assert "idToken" in first.answer(first.result(phoneNumber=user.number))
    second = user.sign_in()
    assert "idToken" in second.answer(second.result())


def test_a_wrong_password_never_reaches_the_page(user):
    assert user.sign_in(password="wrong-Horse-7").said == {"error": "NotAuthorizedException"}


def test_somebody_who_gives_up_gets_no_tokens(user):
    assert user.sign_in().answer(None) == {"error": "cancelled"}


def test_wrong_answers_are_refused(someone):
    user, other = someone(), someone()
    answers = {
        "no token": lambda _: "a.b.c",
        "the first-factor token": lambda sign_in: sign_in.said["token"],
        "of another user": lambda _, theirs=other.sign_in().result(): theirs,
        "of another login": lambda _, earlier=user.sign_in().result(): earlier,
    }
    for what, answer in answers.items():
        sign_in = user.sign_in()
        assert sign_in.answer(answer(sign_in)) == {"error": "NotAuthorizedException"}, what


def test_a_test_number_opens_nothing(product, account, someone):
    user = someone(number=TEST_NUMBER, phone_number_verified="false")
    product.deploy_again(TestNumbers=f"{TEST_NUMBER} {TEST_CODE} 2099-12-31T00:00:00Z cognito:{account.pool}:{user.sub}", Revision="2")
    sign_in = user.sign_in()
    page = sign_in.page()
    assert page.start("sms", phoneNumber=TEST_NUMBER).status_code == 201
    result = page.guess(TEST_CODE).json()["resultToken"]
    assert claims(result)["acr"].endswith(":test-number")
    assert sign_in.answer(result) == {"error": "NotAuthorizedException"}


def test_another_flow_is_closed_by_the_tool_and_found_when_somebody_opens_it(product, account, client, operator, user):
    pool = product.client("cognito-idp")

    def by_password():
        return pool.initiate_auth(
            ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": user.name, "PASSWORD": PASSWORD}
        )

    with pytest.raises(ClientError):
        by_password()
    assert FOUND_NOTHING in operator.types(f"{TOOL} {account.pool}")
    pool.update_user_pool_client(UserPoolId=account.pool, ClientId=client, ExplicitAuthFlows=[*FLOWS, "ALLOW_USER_PASSWORD_AUTH"])
    assert "AuthenticationResult" in by_password(), "without the phone, which the triggers cannot see"
    assert f"client {client} (app): allows ALLOW_USER_PASSWORD_AUTH" in operator.finds(f"{TOOL} {account.pool}")
    operator.types(f"{TOOL} {account.pool} --set")
    with pytest.raises(ClientError):
        by_password()


def test_a_new_password_alone_brings_no_tokens(product, account, client, user):
    pool = product.client("cognito-idp")
    pool.admin_set_user_password(UserPoolId=account.pool, Username=user.name, Password="Temporary-7", Permanent=False)
    with pytest.raises(ClientError):
        # The emulator lets a new password be set without the temporary one.
        pool.respond_to_auth_challenge(
            ClientId=client, ChallengeName="NEW_PASSWORD_REQUIRED", ChallengeResponses={"USERNAME": user.name, "NEW_PASSWORD": PASSWORD}
        )
    assert any("sign in again with the new password" in line for group, line in product.log_lines() if "Cognito" in group)
    sign_in = user.sign_in()
    assert "idToken" in sign_in.answer(sign_in.result())


def test_a_refresh_brings_tokens(product, client, user):
    sign_in = user.sign_in()
    given = sign_in.answer(sign_in.result())["refreshToken"]
    refreshed = product.client("cognito-idp").initiate_auth(
        ClientId=client, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": given}
    )
    assert claims(refreshed["AuthenticationResult"]["AccessToken"])["sub"] == user.sub


def test_the_pools_own_token_trigger_stays_and_is_found(product, account, client, operator):
    pool = product.client("cognito-idp")
    triggers = pool.describe_user_pool(UserPoolId=account.pool)["UserPool"]["LambdaConfig"]
    own = "arn:aws:lambda:us-east-1:000000000000:function:claims"
    others = {name: arn for name, arn in triggers.items() if not name.startswith("PreTokenGeneration")}
    for told in ({"PreTokenGeneration": own}, {"PreTokenGenerationConfig": {"LambdaArn": own, "LambdaVersion": "V2_0"}}):
        pool.update_user_pool(UserPoolId=account.pool, LambdaConfig=others | told)
        assert f"the trigger PreTokenGeneration is {own}" in operator.finds(f"{TOOL} {account.pool} --set")
        assert pool.describe_user_pool(UserPoolId=account.pool)["UserPool"]["LambdaConfig"] == others | told
        assert FOUND_NOTHING in operator.types(f"{TOOL} {account.pool} --token-trigger {own}")
    pool.update_user_pool(UserPoolId=account.pool, LambdaConfig=others)
    operator.types(f"{TOOL} {account.pool} --set")
    assert pool.describe_user_pool(UserPoolId=account.pool)["UserPool"]["LambdaConfig"] == triggers
    assert triggers["PreTokenGenerationConfig"] == {"LambdaArn": triggers["PreTokenGeneration"], "LambdaVersion": "V1_0"}


def test_the_tool_keeps_what_it_does_not_set(product, account, client):
    pool = product.client("cognito-idp")
    kept = pool.describe_user_pool(UserPoolId=account.pool)["UserPool"]
    assert (kept["AutoVerifiedAttributes"], kept["EmailVerificationSubject"]) == (["email"], "Your code")
    assert pool.describe_user_pool_client(UserPoolId=account.pool, ClientId=client)["UserPoolClient"]["RefreshTokenValidity"] == 7


def test_the_tool_passes_on_every_setting_that_cognito_would_otherwise_reset():
    """The emulator resets nothing. So this compares with AWS's own description of its API."""
    api = botocore.session.get_session().get_service_model("cognito-idp")
    tool = runpy.run_path(str(REPOSITORY / "infra" / "tools" / "cognito"))

    def settings(operation, described):
        return set(api.operation_model(operation).input_shape.members), set(api.shape_for(described).members)

    taken, told = settings("UpdateUserPool", "UserPoolType")
    assert told - taken == tool["FIXED"]
    assert taken - told == {"UserPoolId", "PoolName"}, "what the tool names itself, and a name that stays unless it is given"
    taken, told = settings("UpdateUserPoolClient", "UserPoolClientType")
    assert told - taken == tool["FIXED_OF_CLIENT"] and taken <= told


def test_custom_authentication_without_a_password_is_refused(product, client, user):
    with pytest.raises(ClientError, match="NotAuthorizedException"):
        product.client("cognito-idp").initiate_auth(ClientId=client, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": user.name})


def test_no_token_and_no_number_is_logged(product, confidential):
    groups = [message for group, message in product.log_lines() if "Cognito" in group]
    assert any('"answered"' in message for message in groups)
    assert not [message for message in groups if "eyJ" in message]
