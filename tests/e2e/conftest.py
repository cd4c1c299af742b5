"""The deployed template, end to end: gateway, functions, store, messages, calls, keys and logs.

    pip install -r tests/e2e/requirements.txt
    npm ci --prefix tests/e2e
    cargo build && cargo build -p integration --example interop
    pytest tests/e2e

Everything runs on the loopback interface. Environment variables, with defaults in brackets:

BOOTSTRAP_DIR  the compiled functions, for x86-64 [target/debug]
INTEROP        the program that signs and verifies with our code [BOOTSTRAP_DIR/examples/interop]
MINISTACK      the emulator [ministack on the PATH, or else the module of this Python]
TEMPLATE       the template to deploy [infra/template.yaml]

The emulator enforces IAM, so that each journey also shows that the functions' roles are sufficient. The
functions log as much as they can, so that the leak test, which runs last, has something to search.
"""

import contextlib
import json
import os
import subprocess
from pathlib import Path

import pytest

import voice
from audit import Subscriber
from backend import PyJwtBackend
from confidential import Confidential
from deployment import Deployment
from login import API_KEY, AUDIENCE, HostedLogin
from ministack import MiniStack
from page import Person
from voice import VoiceProvider

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
BOOTSTRAP_DIR = Path(os.environ.get("BOOTSTRAP_DIR") or REPOSITORY / "target" / "debug")
TEMPLATE = Path(os.environ.get("TEMPLATE") or REPOSITORY / "infra" / "template.yaml")
RESULT_AUDIENCE = "login-backend"
# Of each function. All together are enough for races, and few enough to start on two cores.
CONCURRENCY = 8
# A test number, its code, and the account that may use it.
TEST_NUMBER, TEST_CODE, REVIEWER = "+15005550006", "424242", "reviewer-of-the-app"
# The same for the canary.
CANARY_NUMBER, CANARY_CODE, CANARY = "+15005550008", "848484", "canary-of-the-stack"


def pytest_collection_modifyitems(items):
    """Runs the tests that read the journeys' logs after the journeys."""
    items.sort(key=lambda item: item.path.name == "test_logs.py")


@pytest.fixture(scope="session")
def confidential():
    return Confidential()


@pytest.fixture(scope="session")
def hosted_login():
    with HostedLogin() as issuer:
        yield issuer


@pytest.fixture(scope="session")
def provider(confidential):
    with VoiceProvider(confidential) as provider:
        yield provider


@contextlib.contextmanager
def local_stack():
    """The local stack without its functions: what it prints of its addresses."""
    with subprocess.Popen([BOOTSTRAP_DIR / "local", "serve"], stdout=subprocess.PIPE, text=True) as process:
        yield json.loads(process.stdout.readline())
        process.terminate()


@contextlib.contextmanager
def deployed(hosted_login, provider, confidential, endpoints=None, **chosen):
    """The product as the template deploys it, on its own emulator. Parameters have their defaults, except for the
    limits that all test users share and for those in `chosen`, which may be made from the deployment."""
    with MiniStack(enforce_iam=True, endpoints=endpoints) as emulator:
        deployment = Deployment(emulator)
        api_key = {"accountSid": voice.ACCOUNT, "apiKeySid": voice.KEY, "apiKeySecret": voice.SECRET}
        canary = {
            "tokenUrl": f"{hosted_login.url}/token", "headers": {"X-Api-Key": API_KEY}, "body": {"account": CANARY},
            "tokenAt": "/result/token", "phoneNumber": CANARY_NUMBER, "code": CANARY_CODE,
        }
        for secret in (voice.SECRET, voice.SIGNING_TOKEN, API_KEY):
            confidential.add("secret", secret)
        for number, code in ((TEST_NUMBER, TEST_CODE), (CANARY_NUMBER, CANARY_CODE)):
            confidential.add("phone number", number)
            confidential.add("code", code)
        chosen = {name: value(deployment) if callable(value) else value for name, value in chosen.items()}
        deployment.deploy(TEMPLATE, BOOTSTRAP_DIR, {
            "AllowedCountries": "US",
            "AllowedOrigins": "https://login.example.com",
            "Architecture": "x86_64",
            "Brand": "Example",
            "CanarySecretArn": deployment.secret("canary", json.dumps(canary)),
            "FirstFactorAudience": AUDIENCE,
            "FirstFactorIssuer": hosted_login.url,
            "LogLevel": "trace",
            # All test users have the same address, range and country.
            "MaxSendsPerNetworkPer10Minutes": "100000",
            "OriginHost": "login.example.com",
            "PublicBaseUrl": deployment.base_url,
            "ReservedConcurrency": str(CONCURRENCY),
            "ResultAudience": RESULT_AUDIENCE,
            "TestNumbers": f"{TEST_NUMBER} {TEST_CODE} 2099-12-31T00:00:00Z somebody-else {REVIEWER};"
            f"{CANARY_NUMBER} {CANARY_CODE} 2099-12-31T00:00:00Z {CANARY}",
            "UnverifiedBudgetFloor": "1000",
            "UnverifiedSendsPerRangePerDay": "10000",
            "VoiceApiBaseUrl": provider.url,
            "VoiceApiSecretArn": deployment.secret("voice-api", json.dumps(api_key)),
            "VoiceFromNumber": voice.FROM,
            "VoiceSigningSecretArn": deployment.secret("voice-signing", json.dumps({"current": voice.SIGNING_TOKEN})),
        } | chosen)
        yield deployment


@pytest.fixture(scope="session")
def product(hosted_login, provider, confidential):
    with deployed(hosted_login, provider, confidential) as deployment:
        yield deployment


@pytest.fixture(scope="session")
def subscriber(product):
    return Subscriber(product)


@pytest.fixture(scope="session")
def someone(product, hosted_login, confidential):
    """Creates people who are new to the product."""
    return lambda **account: Person(product, hosted_login, confidential, **account)


@pytest.fixture
def person(someone):
    """Someone new to the product."""
    return someone()


@pytest.fixture(scope="session")
def interop():
    """Calls our own signer and verifier with a list of questions; answers come in the same order."""
    program = os.environ.get("INTEROP") or BOOTSTRAP_DIR / "examples" / "interop"

    def ask(questions):
        lines = "".join(json.dumps(question) + "\n" for question in questions)
        run = subprocess.run([program], input=lines, capture_output=True, text=True, timeout=120, check=True)
        return [json.loads(line) for line in run.stdout.splitlines()]

    return ask


@pytest.fixture(scope="session")
def verified(product):
    """Verifies a result token as a login's backend would, and returns its claims."""
    return PyJwtBackend(product.base_url, RESULT_AUDIENCE).verified
