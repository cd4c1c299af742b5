"""The challenge as the page sees it."""

import json
import os

from . import policy
from .identity import FirstFactor
from .web import reply, rfc3339

PATIENCE = 30
POLL_SECONDS = "2"
OVER = ("voicemail", "no-answer", "busy", "failed", "ended")


def show(
    status: int,
    subject: dict,
    challenges: list[dict],
    own: dict | None,
    factor: FirstFactor,
    now: int,
    result_token: str | None = None,
) -> dict:
    """The reply that shows the challenge `own`, if there is one, of the account `subject`."""
    state, retry_at = _state(subject, challenges, own, now)
    pending = own if state == "pending" else None
    phone = subject.get("phone") or factor.phone
    body = {
        "state": state,
        "phoneNumber": f"+{'•' * (len(phone) - 3)}{phone[-2:]}" if phone else None,
        "canChangeNumber": False,
        "expiresAt": _time(pending and pending["expiresAt"]),
        "attemptsLeft": pending and pending["maxAttempts"] - pending["attempts"],
        "retryAt": _time(retry_at),
        "channels": {channel: _channel(channel, subject, own, state, retry_at, now) for channel in ("sms", "call")},
        "call": (own or {}).get("callState"),
        "matchDigits": None,
        "contested": bool(pending and pending.get("contested")),
        "offerAlternative": bool(pending and _patience_is_over(pending, now)),
    }
    if result_token:
        body["resultToken"] = result_token
    if support_url := os.environ.get("SUPPORT_URL"):
        body["supportUrl"] = support_url
    headers = {"retry-after": POLL_SECONDS} if pending else {}
    return reply(status, "application/json", json.dumps(body, ensure_ascii=False), headers)


def _time(seconds: int | None) -> str | None:
    return rfc3339(seconds) if seconds else None


def _state(subject: dict, challenges: list[dict], own: dict | None, now: int) -> tuple[str, int | None]:
    if own and own["outcome"] == "approved":
        return ("approved" if own.get("settled") else "pending"), None
    if own and own["outcome"] == "denied":
        return "denied", None
    if subject.get("blockedUntil", 0) > now:
        return "blocked", subject["blockedUntil"]
    if own and policy.is_open(own, now):
        return "pending", None
    locked, until = policy.lockout(subject, challenges, now)
    if locked:
        return "locked", until
    if not own:
        return "none", None
    return ("exhausted" if own["attempts"] >= own["maxAttempts"] else "expired"), None


def _channel(channel: str, subject: dict, own: dict | None, state: str, retry_at: int | None, now: int) -> dict:
    prefix = "sms" if channel == "sms" else "calls"
    sends = own or {}
    used = sends.get(f"{prefix}Used", 0) if state == "pending" else 0
    limits = policy.windows(subject, channel, now)
    in_challenge = policy.MAX_SENDS - used
    sends_left = max(0, min(in_challenge, *(limit.left for limit in limits)))
    cool_at = sends.get(f"{prefix}At", 0) + policy.COOLDOWN
    reason = next_at = None
    if state in ("approved", "denied"):
        reason = "closed"
    elif state in ("blocked", "locked"):
        reason, next_at = state, retry_at
    elif sends_left == 0:
        ends_at = sends["expiresAt"] if in_challenge <= 0 else 0
        reason, next_at = "send-limit", max(ends_at, *(limit.retry_at for limit in limits))
    elif cool_at > now:
        reason, next_at = "cooldown", cool_at
    destination = own or subject
    if destination.get("country") and not policy.reaches(channel, destination["country"], destination["line"]):
        reason, next_at = "unreachable", None
    return {
        "available": reason is None,
        "reason": reason,
        "nextSendAt": _time(next_at),
        "sendsLeft": sends_left,
        "lastSend": sends.get(f"{prefix}Delivery"),
    }


def _patience_is_over(challenge: dict, now: int) -> bool:
    """Whether the last send has had its time, or is known not to help any more."""
    sms = (challenge.get("smsAt", 0), challenge.get("smsDelivery"))
    call = (challenge.get("callsAt", 0), challenge.get("callsDelivery"))
    at, delivery = call if call[0] >= sms[0] else sms
    return at > 0 and (delivery != "accepted" or challenge.get("callState") in OVER or now - at >= PATIENCE)
