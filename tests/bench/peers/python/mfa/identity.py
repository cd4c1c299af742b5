"""Who asks, from the claims that API Gateway's authorizer has verified; the digests by which the table knows them."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from . import policy
from .web import Problem

MEMORY = 3600


def _framed(digest, fields):
    """Each field is framed by its length, so that no two lists of fields collide."""
    for field in fields:
        digest.update(len(field).to_bytes(8))
        digest.update(field)
    return digest.digest()


def sha256(*fields: bytes) -> bytes:
    return _framed(hashlib.sha256(), fields)


def hmac_sha256(key: bytes, *fields: bytes) -> bytes:
    return _framed(hmac.new(key, digestmod="sha256"), fields)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Nothing if the text is wrong."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""


@dataclass(frozen=True, slots=True)
class FirstFactor:
    subject: bytes
    session: bytes
    sub: str
    txn: str
    amr: list[str]
    auth_time: int
    keep_until: int
    phone: str | None


def first_factor(event: APIGatewayProxyEventV2, now: int) -> FirstFactor:
    authorizer = event.request_context.authorizer
    claims = (authorizer and authorizer.jwt_claim) or {}
    for name in ("iss", "sub"):
        if not claims.get(name):
            raise _unauthenticated(name)
    auth_time, exp = _seconds(claims.get("auth_time")), _seconds(claims.get("exp"))
    if auth_time is None or auth_time + policy.MAX_AUTH_AGE <= now or auth_time > now + policy.SKEW:
        raise Problem(403, "authentication-too-old", "The first factor was given too long ago. Sign in again.")
    if exp is None:
        raise _unauthenticated("exp")
    if not claims.get("jti"):
        raise Problem(403, "session-missing", "The first factor's token does not name its session.")
    return FirstFactor(
        subject=sha256(b"subject", claims["iss"].encode(), claims["sub"].encode()),
        session=sha256(b"session", claims["jti"].encode(), bytes(8)),  # zero: a `jti` outlives no login
        sub=claims["sub"],
        txn=claims["jti"],
        amr=_methods(claims.get("amr", "")),
        auth_time=auth_time,
        keep_until=max(exp, auth_time + policy.MAX_AUTH_AGE) + MEMORY,
        phone=claims.get("phone_number") if claims.get("phone_number_verified") == "true" else None,
    )


def _unauthenticated(claim: str) -> Problem:
    detail = "The first factor's token lacks a claim, or one cannot be read."
    return Problem(401, "unauthenticated", detail, claim=claim)


def _seconds(claim: str | None) -> int | None:
    return int(claim) if claim and re.fullmatch(r"[0-9]+", claim) else None


def _methods(claim: str) -> list[str]:
    """API Gateway writes a list as `[pwd mfa]`."""
    if claim.startswith("[") and claim.endswith("]"):
        claim = claim[1:-1]
    methods = claim.split()
    if not all(re.fullmatch(r"[\w.:/-]+", method, re.ASCII) for method in methods):
        raise _unauthenticated("amr")
    return methods
