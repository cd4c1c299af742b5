"""POST /v1/challenge: sends a code to the enrolled number. Persist, then send."""

import os
import secrets
from dataclasses import dataclass

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mfa import policy
from mfa.identity import FirstFactor, base64url, first_factor, sha256
from mfa.secret import MacKeys
from mfa.store import CONFIG, challenge_key, key_of, load, put, subject_key, transact, update
from mfa.view import show
from mfa.web import Problem, endpoint, fields_of, invalid

BRAND, ORIGIN_HOST = os.environ["BRAND"], os.environ["ORIGIN_HOST"]
MONTH = 30 * 86_400
COUNTER_MEMORY = 48 * 3600

logger = Logger(service="start")
keys = MacKeys()
# Asked once: a second try would send a second message.
sns = boto3.client("sns", config=CONFIG.merge(Config(read_timeout=10, retries={"total_max_attempts": 1})))


@dataclass(slots=True)
class Stored:
    """What is kept of a subject: as it was read, or as it is with the challenge just begun and its code to send."""

    subject: dict
    challenges: list[dict]
    own: dict | None
    code: str | None = None


@endpoint(logger)
def handler(event, now):
    factor = first_factor(event, now)
    check_request(event)
    network = event.request_context.http.source_ip
    stored = persist(factor, network, now) or persist(factor, network, now)
    if not stored:
        raise Problem(503, "temporarily-unavailable", "Please try again in a moment.", retry_after=1)
    if stored.code:
        send(factor, stored.own, stored.code, now)
    return show(201 if stored.code else 200, stored.subject, stored.challenges, stored.own, factor, now)


def check_request(event) -> None:
    fields = fields_of(event, "channel", "phoneNumber", "region", "locale", "purpose")
    channel = fields.get("channel")
    if not channel:
        raise invalid("channel", "is required")
    if channel not in ("sms", "call"):
        raise invalid("channel", "must be sms or call")
    if channel == "call":
        raise Problem(409, "channel-unavailable", "This channel cannot reach this number.")
    if fields.get("phoneNumber"):
        raise Problem(409, "phone-number-known", "A phone number is already known for this account.")


def persist(factor: FirstFactor, network: str, now: int) -> Stored | None:
    """What runs already, or is begun in the table: nothing if another request came between."""
    subject, challenges = load(factor.subject)
    own_key = challenge_key(factor.subject, factor.session)["sk"]
    own = next((challenge for challenge in challenges if challenge["sk"] == own_key), None)
    stored = Stored(subject, challenges, own)
    if is_running(stored, now):
        return stored
    begun, contested = begin(factor, stored, now)
    number = f"number#{base64url(sha256(b'number', subject['phone'].encode()))}"
    charges = [
        charge(f"network#{network}", "network", policy.MAX_NETWORK, policy.SHORT, now),
        charge(number, "number-short", policy.MAX_NUMBER_SHORT, policy.SHORT, now),
        charge(number, "number-long", policy.MAX_NUMBER_LONG, policy.LONG, now),
    ]
    others = [of_subject(factor, subject["version"], begun.subject), *map(contest, contested)]
    in_the_way = transact([*others, *(write for _, write in charges), of_challenge(begun.own, own)])
    if not in_the_way:
        return begun
    limits = {len(others) + index: limit for index, (limit, _) in enumerate(charges)}
    if "TransactionConflict" not in in_the_way.values() and in_the_way.keys() <= limits.keys():
        raise send_limit([limits[position] for position in in_the_way])
    return None


def is_running(stored: Stored, now: int) -> bool:
    """Whether a challenge runs already; refuses if none may begin."""
    subject, own = stored.subject, stored.own
    if own and own["outcome"] == "denied":
        raise Problem(403, "denied", "This sign-in was stopped from the phone.")
    if own and own["outcome"] == "approved":
        return True
    if subject.get("blockedUntil", 0) > now:
        raise Problem(403, "blocked", "A sign-in was reported as fraud.", retry_at=subject["blockedUntil"])
    if "phone" not in subject:
        raise Problem(422, "phone-number-required", "No phone number is known for this account.")
    if not policy.is_served(subject["country"]):
        raise Problem(422, "country-refused", "Numbers of this country cannot be used.")
    if not policy.reaches("sms", subject["country"], subject["line"]):
        raise Problem(409, "channel-unavailable", "Use the other channel.")
    if own and own["phone"] == subject["phone"] and own.get("smsAt", 0) + policy.COOLDOWN > now:
        return True
    locked, until = policy.lockout(subject, stored.challenges, now)
    if until:
        raise Problem(429, "too-many-failures", "Too many wrong codes. Wait a while.", retry_at=until)
    if locked:
        raise Problem(403, "locked", "Too many wrong codes. An administrator has to unlock.")
    return False


def send_limit(limits: list[policy.Limit]) -> Problem:
    """Tells the limit that gives way last."""
    last = max(limits, key=lambda limit: limit.retry_at)
    detail = "Too many messages and calls. Wait before the next one."
    return Problem(429, "send-limit", detail, retry_at=last.retry_at, policy=last.name)


def begin(factor: FirstFactor, stored: Stored, now: int) -> tuple[Stored, list[dict]]:
    """The session's next challenge, and those it contests. An open one is replaced, what it has used carried over."""
    subject, own = stored.subject, stored.own
    failures, last_failure_at, reserved = policy.account(
        subject, stored.challenges, lambda challenge: challenge is own or policy.is_over(challenge, now)
    )
    carried_over = own if own and policy.is_open(own, now) else {}
    carried, sms_used = carried_over.get("attempts", 0), carried_over.get("smsUsed", 0)
    guesses = min(policy.LOCK_AT - failures - sum(reserved.values()), policy.MAX_GUESSES - carried)
    if guesses <= 0:
        raise Problem(429, "too-many-failures", "Too many wrong codes.", retry_at=now + policy.CODE_LIFE)
    if sms_used >= policy.MAX_SENDS:
        raise send_limit([policy.Limit("challenge", 0, own["expiresAt"])])
    if full := [limit for limit in policy.windows(subject, "sms", now) if limit.left == 0]:
        raise send_limit(full)

    others = [challenge for challenge in stored.challenges if challenge is not own]
    contested = [challenge for challenge in others if not policy.is_over(challenge, now)]
    version = subject["version"] + 1
    challenge = challenge_key(factor.subject, factor.session) | {
        "generation": own["generation"] + 1 if own else 1,
        "phone": subject["phone"],
        "country": subject["country"],
        "line": subject["line"],
        "numberSource": "enrolled",
        "binding": subject["binding"],
        "purpose": "login",
        "charged": {},
        "locale": "en",
        "subjectVersion": version,
        "createdAt": now,
        "expiresAt": now + policy.CODE_LIFE,
        "attempts": carried,
        "carried": carried,
        "maxAttempts": carried + guesses,
        "outcome": "pending",
        "smsUsed": sms_used + 1,
        "smsAt": now,
        "smsDelivery": "accepted",
        "callsUsed": carried_over.get("callsUsed", 0),
        "keepUntil": factor.keep_until,
        "ttl": factor.keep_until + MONTH,
    }
    if factor.phone and factor.phone != subject["phone"]:
        challenge["claimMismatch"] = True
    if contested:
        challenge["contested"] = True
    code = f"{secrets.randbelow(1_000_000):06}"
    challenge["codes"] = [keys.make(factor, challenge, code, now)]
    after = subject | {
        "version": version,
        "failures": failures,
        "lastFailureAt": last_failure_at,
        "guessesReserved": reserved | {policy.reservation(challenge): guesses},
        "smsSent": [*(at for at in subject.get("smsSent", []) if now - at < policy.LONG), now],
    }
    return Stored(after, [*others, challenge], challenge, code), contested


def contest(other: dict) -> dict:
    return {"Update": update(key_of(other), "SET contested = :true", "attribute_exists(pk)", {":true": True})}


def of_subject(factor: FirstFactor, version: int, after: dict) -> dict:
    expression = (
        "SET version = :next, failures = :failures, guessesReserved = :reserved, smsSent = :smsSent, "
        "callsPlaced = :callsPlaced"
    )
    values = {
        ":version": version,
        ":next": after["version"],
        ":failures": after["failures"],
        ":reserved": after["guessesReserved"],
        ":smsSent": after["smsSent"],
        ":callsPlaced": after.get("callsPlaced", []),
    }
    if after["lastFailureAt"]:
        expression += ", lastFailureAt = :lastFailureAt"
        values[":lastFailureAt"] = after["lastFailureAt"]
    return {"Update": update(subject_key(factor.subject), expression, "version = :version", values)}


def of_challenge(challenge: dict, former: dict | None) -> dict:
    if not former:
        return {"Put": put(challenge, "attribute_not_exists(pk)")}
    unmoved = (
        "generation = :generation AND attempts = :attempts AND smsUsed = :messages AND callsUsed = :calls "
        "AND outcome = :pending"
    )
    values = {
        ":generation": former["generation"],
        ":attempts": former["attempts"],
        ":messages": former["smsUsed"],
        ":calls": former["callsUsed"],
        ":pending": "pending",
    }
    return {"Put": put(challenge, unmoved, values)}


def charge(partition: str, name: str, quota: int, length: int, now: int) -> tuple[policy.Limit, dict]:
    """One more send in a fixed window, on condition that its counter is below the quota."""
    window = now // length
    ends_at = (window + 1) * length
    write = update(
        {"pk": partition, "sk": f"{name}#{window}#0"},
        "SET used = if_not_exists(used, :zero) + :one, quota = :quota, #ttl = :ttl",
        "attribute_not_exists(used) OR used < :quota",
        {":zero": 0, ":one": 1, ":quota": quota, ":ttl": ends_at + COUNTER_MEMORY},
        {"#ttl": "ttl"},
    )
    return policy.Limit(name, 0, ends_at), {"Update": write}


def send(factor: FirstFactor, challenge: dict, code: str, now: int) -> None:
    text = f"{code} is your {BRAND} code. Never share it, we will not ask for it.\n@{ORIGIN_HOST} #{code}"
    kind = {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}}
    subject = factor.subject[:4].hex()
    try:
        sns.publish(PhoneNumber=challenge["phone"], Message=text, MessageAttributes=kind)
    except (BotoCoreError, ClientError) as error:
        cause = type(error).__name__  # its text may repeat the number
        logger.warning("sent", subject=subject, channel="sms", outcome="failed", cause=cause)
        take_back(challenge, now)
        detail = "It could not be sent. Try again in a moment."
        raise Problem(503, "delivery-failed", detail, retry_after=30) from error
    logger.info("sent", subject=subject, channel="sms", outcome="accepted")


def take_back(challenge: dict, now: int) -> None:
    """A send that failed does not count against its challenge."""
    expression = "SET smsDelivery = :delivery, smsUsed = smsUsed - :one"
    condition = "generation = :generation AND smsAt = :at AND smsDelivery = :accepted AND attribute_not_exists(settled)"
    values = {
        ":generation": challenge["generation"],
        ":at": now,
        ":accepted": "accepted",
        ":delivery": "failed",
        ":one": 1,
    }
    transact([{"Update": update(key_of(challenge), expression, condition, values)}])
