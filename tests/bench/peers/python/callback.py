"""POST /v1/calls/{challenge}/{token}/digits: a key was pressed in a call that the voice provider placed."""

import base64
import hmac
import os
from typing import NamedTuple
from urllib.parse import parse_qs
from xml.sax.saxutils import escape, quoteattr

from aws_lambda_powertools import Logger

from mfa import policy
from mfa.identity import from_base64url, sha256
from mfa.secret import read_secret
from mfa.store import challenge_key, update, update_challenge
from mfa.web import Problem, body_of, endpoint, reply

BRAND, PUBLIC_BASE_URL = os.environ["BRAND"], os.environ["PUBLIC_BASE_URL"]
APPROVED = "Thank you. You are signed in. Goodbye."
OVER = "This call is no longer needed. Goodbye."
PROMPT = "To finish signing in, press the pound key. If you are not signing in, press zero."

logger = Logger(service="callback")
signing = read_secret(os.environ["VOICE_SIGNING_SECRET_ARN"])


@endpoint(logger)
def handler(event, now):
    form = parse_qs(body_of(event), keep_blank_values=True)
    check_signature(event, form)
    call = call_of(event.path_parameters)
    if form.get("Digits") != ["#"]:  # what other keys do is not compared
        return twiml(ask(event.raw_path) + say(OVER))
    challenge, _ = update_challenge(approve(call, now))
    outcome = challenge and challenge["outcome"]
    logger.info("webhook", subject=call.subject[:4].hex(), event="digits", outcome=outcome)
    is_this_call = challenge and hmac.compare_digest(challenge.get("callToken", b""), call.token)
    return twiml(say(APPROVED if is_this_call and outcome == "approved" else OVER))  # a repeated webhook's, too


def check_signature(event, form: dict[str, list[str]]) -> None:
    """HMAC-SHA1 over the address and the sorted parameters, under the current or the previous token."""
    query = f"?{event.raw_query_string}" if event.raw_query_string else ""
    parameters = "".join(name + value for name in sorted(form) for value in sorted(set(form[name])))
    signed = f"{PUBLIC_BASE_URL}{event.raw_path}{query}{parameters}".encode()
    given = event.headers.get("x-twilio-signature", "").encode()
    found = False
    for token in filter(None, (signing["current"], signing.get("previous"))):
        expected = base64.b64encode(hmac.digest(token.encode(), signed, "sha1"))
        found |= hmac.compare_digest(expected, given)
    if not found:
        raise Problem(403, "signature-invalid", "The request is not signed by the voice provider.")


class Call(NamedTuple):
    subject: bytes
    session: bytes
    generation: int
    token: bytes


def call_of(path: dict[str, str]) -> Call:
    """The call that the path names."""
    challenge, secret = from_base64url(path.get("challenge", "")), from_base64url(path.get("token", ""))
    if len(challenge) != 68 or len(secret) != 16 or path.get("event") != "digits":
        raise Problem(404, "not-found", "There is no such resource.")
    generation = int.from_bytes(challenge[64:])
    return Call(challenge[:32], challenge[32:64], generation, sha256(b"call token", secret))


APPROVE = "SET outcome = :approved, approvedAt = :now, approvedBy = :method"
CAN_APPROVE = (
    "generation = :generation AND outcome = :pending AND callToken = :token AND expiresAt > :now "
    "AND attempts < maxAttempts AND callState = :answered AND answeredBy IN (:human, :orUnjudged) "
    "AND purpose = :login AND attribute_not_exists(contested)"
)


def approve(call: Call, now: int) -> dict:
    values = {
        ":generation": call.generation,
        ":pending": "pending",
        ":token": call.token,
        ":now": now,
        ":answered": "answered",
        ":human": "human",
        ":orUnjudged": "human" if policy.MACHINE_DETECTION else "unjudged",
        ":login": "login",
        ":approved": "approved",
        ":method": "press-pound",
    }
    return update(challenge_key(call.subject, call.session), APPROVE, CAN_APPROVE, values)


def say(words: str) -> str:
    return f'<Say language="en-US">{escape(words)}</Say>'


def ask(path: str) -> str:
    listen = 'input="dtmf" finishOnKey="" numDigits="1" timeout="10" method="POST"'
    return f"<Gather {listen} action={quoteattr(PUBLIC_BASE_URL + path)}>{say(f'{BRAND}. {PROMPT}')}</Gather>"


def twiml(words: str) -> dict:
    return reply(200, "text/xml", f"<Response>{words}<Hangup/></Response>")
