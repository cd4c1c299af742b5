"""The result token: a JWT that a key in KMS signs."""

import hashlib
import json
import os

import boto3

from .identity import FirstFactor, base64url, sha256
from .policy import RESULT_LIFE
from .store import CONFIG

KEY = os.environ["SIGNING_KEY_ARN"]
KID = base64url(hashlib.sha256(KEY.encode()).digest())[:16]  # a digest, so that it tells nothing of the account
METHODS = {"sms-code": ["otp", "sms", "mfa"], "press-pound": ["tel", "mfa"]}

_kms = boto3.client("kms", config=CONFIG)


def _part(value: dict) -> str:
    return base64url(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def sign(factor: FirstFactor, challenge: dict) -> str:
    approved_at, generation = challenge["approvedAt"], challenge["generation"].to_bytes(4)
    claims = {
        "iss": os.environ["PUBLIC_BASE_URL"],
        "aud": os.environ["RESULT_AUDIENCE"],
        "sub": factor.sub,
        "iat": approved_at,
        "exp": approved_at + RESULT_LIFE,
        "jti": base64url(sha256(b"challenge", factor.subject, factor.session, generation)),
        "txn": factor.txn,
        "amr": list(dict.fromkeys(factor.amr + METHODS[challenge["approvedBy"]])),
        "acr": "urn:alliance-mfa:acr:phone",
        "auth_time": factor.auth_time,
    }
    unsigned = f"{_part({'alg': 'RS256', 'typ': 'mfa-result+jwt', 'kid': KID})}.{_part(claims)}"
    signed = _kms.sign(
        KeyId=KEY,
        Message=hashlib.sha256(unsigned.encode()).digest(),
        MessageType="DIGEST",
        SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256",
    )
    return f"{unsigned}.{base64url(signed['Signature'])}"
