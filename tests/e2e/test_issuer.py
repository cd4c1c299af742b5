"""The permanent issuer: deployed first, trusted by the main stack, and still there when its own stack is deleted.

Parameters and rotations are those that LOGINS.md has an operator type.
"""

import base64
import functools
import time

import jwt
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import issuer as issuers
from conftest import BOOTSTRAP_DIR, RESULT_AUDIENCE, deployed
from page import Person
from runbook import LOGINS, Operator, blocks


@pytest.fixture(scope="module")
def product(hosted_login, provider, confidential, tmp_path_factory):
    def issuer(deployment):
        return issuers.on(deployment, BOOTSTRAP_DIR)

    @functools.cache
    def written(deployment):
        issuer(deployment)
        folder = tmp_path_factory.mktemp("operator")
        Operator(deployment.endpoint, folder).types(of_issuer())
        return dict(line.split("=", 1) for line in (folder / "parameters.txt").read_text().splitlines())

    def parameter(name):
        return lambda deployment: written(deployment)[name]

    names = ("FirstFactorIssuer", "AnswerKeyArn", "AnswerCertificate")
    chosen = {name: parameter(name) for name in names} | {"FirstFactorAudience": issuers.AUDIENCE}
    with deployed(hosted_login, provider, confidential, **chosen) as deployment:
        yield deployment


def of_issuer():
    """What is typed once the issuer is deployed."""
    _, block = blocks("A permanent issuer", LOGINS)
    return block[block.index("issuer() {") : block.index("curl ")]


@pytest.fixture(scope="module")
def issuer(product):
    return issuers.on(product, BOOTSTRAP_DIR)


@pytest.fixture
def person(product, issuer, confidential):
    return Person(product, issuer, confidential)


def test_a_token_of_the_issuers_key_signs_somebody_in(person):
    page = person.log_in()
    assert page.start("sms").status_code == 201
    assert page.guess(person.code()).json()["state"] == "approved"


def test_other_tokens_of_its_keys_and_its_key_in_other_hands_are_refused(person, issuer, hosted_login):
    now = int(time.time())
    claims = {"iss": issuer.url, "aud": issuers.AUDIENCE, "sub": "a", "jti": "b", "iat": now, "exp": now + 300, "auth_time": now}
    first_factor, answers = issuer.output("FirstFactorKeyArn"), issuer.output("AnswerKeyArn")
    refused = {
        "the audience of results": issuer.signed(first_factor, claims | {"aud": RESULT_AUDIENCE}),
        "another issuer": issuer.signed(first_factor, claims | {"iss": f"{issuer.url}/"}),
        "expired": issuer.signed(first_factor, claims | {"exp": now - 600}),
        "the key of answers": issuer.signed(answers, claims),
        "another login's": hosted_login.token("a"),
        "another login's key": hosted_login.token("a", iss=issuer.url, aud=issuers.AUDIENCE),
    }
    assert person.page(issuer.signed(first_factor, claims)).challenge().status_code == 200
    assert {what: person.page(token).challenge().status_code for what, token in refused.items()} == dict.fromkeys(refused, 401)


def test_discovery_is_what_entra_requires(product):
    base = product.base_url
    answer = requests.get(f"{base}/openid/.well-known/openid-configuration", timeout=60)
    assert answer.json() == {
        "issuer": f"{base}/openid",
        "authorization_endpoint": f"{base}/authorize",
        "jwks_uri": f"{base}/openid/jwks.json",
        "scopes_supported": ["openid"],
        "response_types_supported": ["id_token"],
        "response_modes_supported": ["form_post"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claim_types_supported": ["normal"],
    }
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.headers["Content-Type"] == "application/json"


def test_entra_finds_the_key_of_answers_in_its_certificate(product, issuer):
    answer = requests.get(f"{product.base_url}/openid/jwks.json", timeout=60)
    assert answer.headers["Content-Length"] == str(len(answer.content))
    [key] = answer.json()["keys"]
    [certificate] = key["x5c"]
    certified = x509.load_der_x509_certificate(base64.b64decode(certificate))
    assert certified.version == x509.Version.v3
    published = jwt.algorithms.RSAAlgorithm.from_jwk(key)
    told = product.client("kms").get_public_key(KeyId=issuer.output("AnswerKeyArn"))["PublicKey"]
    for public in (certified.public_key(), published):
        assert public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == told
    assert certified.not_valid_after_utc.year > 2060
    signed = issuer.signed(issuer.output("AnswerKeyArn"), {"aud": "client"})
    assert jwt.get_unverified_header(signed)["kid"] == key["kid"]
    assert jwt.decode(signed, published, algorithms=["RS256"], audience="client") == {"aud": "client"}


def test_a_new_key_of_answers_is_published_before_it_signs_and_the_old_one_after(product, tmp_path):
    def published():
        return [key["kid"] for key in requests.get(f"{product.base_url}/openid/jwks.json", timeout=60).json()["keys"]]

    [old] = published()
    operator, found = Operator(product.endpoint, tmp_path), []
    operator.types(of_issuer())
    # Days lie between the steps, so each has a shell of its own.
    for number, commands in enumerate(blocks("Rotate the key of answers", LOGINS)):
        operator.types(commands)
        step = operator.asked_for()
        # Another revision, because a new version comes from the values of parameters in the tags only (expansion.py).
        product.deploy_again(**step, Revision=f"rotation-{number}")
        found.append(published())
    new = found[-1][0]
    assert new != old
    assert found == [[old, new], [new, old], [new]]


def test_parameters_stay_as_they_are_where_one_of_those_to_deploy_is_wrong(product, tmp_path):
    (tmp_path / "parameters.txt").write_text("AnswerKeyArn=old\n")
    assert "deploy NAME=VALUE" in Operator(product.endpoint, tmp_path).fails('deploy AnswerKeyArn=new "$(false)"')
    assert (tmp_path / "parameters.txt").read_text() == "AnswerKeyArn=old\n"
    assert not (tmp_path / "asked").exists()


def test_a_certificate_is_made_of_rsa_keys_that_sign_and_of_nothing_else(product, tmp_path):
    keys, operator = product.client("kms"), Operator(product.endpoint, tmp_path)
    encrypts = keys.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
    elliptic = keys.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    for key in (encrypts, elliptic):
        assert "has to be an RSA key that signs" in operator.fails(f"infra/tools/certificate {key}")
    missing = encrypts[:-4] + "0000"
    assert "the key cannot be read" in operator.fails(f"infra/tools/certificate {missing}")
    for arguments in ("", "alias/x", f"Other {encrypts}", f"{encrypts} {encrypts}"):
        assert "give it the ARN of a KMS key" in operator.fails(f"infra/tools/certificate {arguments}")


# Last, because it deletes the stack.
def test_the_issuer_answers_and_signs_after_its_stack_is_deleted(person, issuer):
    key = issuer.output("FirstFactorKeyArn")
    before = requests.get(f"{issuer.url}/.well-known/jwks.json", timeout=60).json()
    issuer.delete()
    assert requests.get(f"{issuer.url}/.well-known/jwks.json", timeout=60).json() == before
    now = int(time.time())
    claims = {"iss": issuer.url, "aud": issuers.AUDIENCE, "sub": person.subject, "jti": "after", "exp": now + 300, "auth_time": now}
    assert person.page(issuer.signed(key, claims)).challenge().status_code == 200
