"""POST /v1/challenge/code: judges one guess. Count, compare, consume."""

import re

from aws_lambda_powertools import Logger

from mfa.identity import first_factor
from mfa.secret import MacKeys
from mfa.store import challenge_key, settle, update, update_challenge
from mfa.token import sign
from mfa.view import show
from mfa.web import Problem, endpoint, fields_of, invalid

logger = Logger(service="verify")
keys = MacKeys()


@endpoint(logger)
def handler(event, now):
    factor = first_factor(event, now)
    guess = read_guess(event)
    challenge, counted = count_guess(factor, now)
    # A number that is only being enrolled is settled otherwise, which is not compared here.
    if not counted or challenge["numberSource"] != "enrolled":
        raise closed()
    right = keys.judge(factor, challenge, guess)
    logger.info("judged", subject=factor.subject[:4].hex(), right=right, attempts=challenge["attempts"])
    if not right:
        attempts_left = challenge["maxAttempts"] - challenge["attempts"]
        raise Problem(422, "code-wrong", "This code is wrong.", attemptsLeft=attempts_left)
    if not settle(factor.subject, challenge, now):
        raise closed()
    own = challenge | {"outcome": "approved", "approvedAt": now, "approvedBy": "sms-code", "settled": True}
    subject = {name: own[name] for name in ("phone", "country", "line")}
    return show(200, subject, [own], own, factor, now, sign(factor, own))


def closed() -> Problem:
    return Problem(410, "challenge-closed", "There is nothing to confirm.")


def read_guess(event) -> str:
    code = fields_of(event, "code", "purpose").get("code")
    if not code:
        raise invalid("code", "is required")
    digits = code.replace(" ", "")
    if not re.fullmatch(r"[0-9]{6}", digits):
        raise Problem(422, "code-malformed", "A code is exactly six digits. This did not cost an attempt.")
    return digits


def count_guess(factor, now):
    return update_challenge(
        update(
            challenge_key(factor.subject, factor.session),
            "SET attempts = attempts + :one, lastGuessAt = :now",
            "outcome = :pending AND expiresAt > :now AND attempts < maxAttempts",
            {":one": 1, ":now": now, ":pending": "pending"},
        )
    )
