"""The numbers that govern the factor, and what follows from them for an account."""

import os
from typing import NamedTuple

SHORT = 600
LONG = 86_400
SKEW = 60
RESULT_LIFE = 300


def _number(name: str, otherwise: int) -> int:
    return int(os.environ.get(name) or otherwise)


MAX_AUTH_AGE = _number("MAX_AUTH_AGE_SECONDS", 900)
CODE_LIFE = _number("CODE_LIFE_SECONDS", 300)
COOLDOWN = _number("COOLDOWN_SECONDS", 30)
MAX_GUESSES = _number("MAX_GUESSES", 5)
MAX_SENDS = _number("MAX_SENDS", 3)
MAX_SENDS_SHORT = _number("MAX_SENDS_PER_10_MINUTES", 5)
MAX_SENDS_LONG = _number("MAX_SENDS_PER_DAY", 10)
MAX_CALLS_SHORT = _number("MAX_CALLS_PER_10_MINUTES", 2)
MAX_NUMBER_SHORT = _number("MAX_SENDS_PER_NUMBER_PER_10_MINUTES", 5)
MAX_NUMBER_LONG = _number("MAX_SENDS_PER_NUMBER_PER_DAY", 10)
MAX_NETWORK = _number("MAX_SENDS_PER_NETWORK_PER_10_MINUTES", 20)
DELAY_FROM = _number("DELAY_FROM_FAILURES", 10)
LOCK_AT = _number("LOCK_AT_FAILURES", 100)
MACHINE_DETECTION = os.environ.get("MACHINE_DETECTION") != "off"


def _countries():
    """Countries, each with its channels: `US,CA:sms`."""
    for entry in os.environ.get("ALLOWED_COUNTRIES", "").split(","):
        country, _, channels = entry.strip().partition(":")
        yield country, (channels or "sms+call").split("+")


_COUNTRIES = dict(_countries())


def is_served(country: str) -> bool:
    return country in _COUNTRIES


def reaches(channel: str, country: str, line: str) -> bool:
    """A landline takes calls only."""
    return channel in _COUNTRIES.get(country, ()) and (channel == "call" or line == "mobile")


def is_open(challenge: dict, now: int) -> bool:
    has_guesses = challenge["attempts"] < challenge["maxAttempts"]
    return challenge["outcome"] == "pending" and has_guesses and challenge["expiresAt"] > now


def is_over(challenge: dict, now: int) -> bool:
    """Closed by any machine's clock, so that its guesses are final."""
    return not is_open(challenge, now - SKEW)


def reservation(challenge: dict) -> str:
    return f"{challenge['sk'].removeprefix('challenge#')}#{challenge['generation']}"


def account(subject: dict, challenges: list[dict], counts) -> tuple[int, int, dict[str, int]]:
    """What the reserved guesses come to once those of the challenges that `counts` takes are counted as failures."""
    failures, last, reserved = subject.get("failures", 0), subject.get("lastFailureAt", 0), {}
    known = {reservation(challenge): challenge for challenge in challenges}
    for name, guesses in subject.get("guessesReserved", {}).items():
        challenge = known.get(name)
        if challenge is None:
            failures += guesses  # forgotten, so it counts as spent
        elif not counts(challenge):
            reserved[name] = guesses
        elif challenge["attempts"] > challenge["carried"]:
            if challenge["lastGuessAt"] + SKEW >= subject.get("lastSuccessAt", 0):  # no success has made up for it
                failures += challenge["attempts"] - challenge["carried"]
            last = max(last, challenge["lastGuessAt"])
    return failures, last, reserved


def lockout(subject: dict, challenges: list[dict], now: int) -> tuple[bool, int | None]:
    """Whether failures keep the account from a new challenge, and until when if that ends by itself."""
    failures, last, _ = account(subject, challenges, lambda _: True)
    if subject.get("lockedAt") or failures >= LOCK_AT:
        return True, None
    until = last + (0 if failures < DELAY_FROM else min(30 * 2 ** (failures - DELAY_FROM), 3600))
    return (True, until) if until > now else (False, None)


class Limit(NamedTuple):
    """A window on sends, with those left and when it has room again if it is full."""

    name: str
    left: int
    retry_at: int


def windows(subject: dict, channel: str, now: int) -> list[Limit]:
    """The sliding windows that limit an account's sends."""
    calls = subject.get("callsPlaced", [])
    both = sorted(subject.get("smsSent", []) + calls)
    limits = [
        ("subject-short", both, MAX_SENDS_SHORT, SHORT),
        ("subject-long", both, MAX_SENDS_LONG, LONG),
    ]
    if channel == "call":
        limits.append(("subject-calls", calls, MAX_CALLS_SHORT, SHORT))
    return [_limit(*limit, now) for limit in limits]


def _limit(name: str, times: list[int], quota: int, length: int, now: int) -> Limit:
    sent = [at for at in times if now - at < length]
    left = max(0, quota - len(sent))
    return Limit(name, left, 0 if left else sent[len(sent) - quota] + length)
