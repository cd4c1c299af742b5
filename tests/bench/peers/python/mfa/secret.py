"""Secrets, read once when the function starts."""

import hmac
import json
import os
from datetime import datetime

import boto3

from .identity import FirstFactor, hmac_sha256, sha256
from .store import CONFIG


def read_secret(secret_id: str) -> dict:
    client = boto3.client("secretsmanager", config=CONFIG)
    return json.loads(client.get_secret_value(SecretId=secret_id)["SecretString"])


class MacKeys:
    """The keys of codes: one is used and all are tried, so that a rotation spoils no code on its way."""

    def __init__(self):
        secret = read_secret(os.environ["MAC_KEYS_SECRET_ARN"])
        texts = [secret.get(name) for name in ("current", "previous", "next")]
        self._current, self._previous, self._next = [
            sha256(b"alliance-mfa code MAC key", text.encode()) if text else None for text in texts
        ]
        self._not_before = datetime.fromisoformat(secret["nextNotBefore"]).timestamp() if self._next else 0

    def make(self, factor: FirstFactor, challenge: dict, code: str, now: int) -> bytes:
        in_use = self._next if self._next and self._not_before <= now else self._current
        return _mac(in_use, factor, challenge, code)

    def judge(self, factor: FirstFactor, challenge: dict, guess: str) -> bool:
        found = False
        for key in filter(None, (self._current, self._previous, self._next)):
            mac = _mac(key, factor, challenge, guess)
            for stored in challenge["codes"]:
                found |= hmac.compare_digest(mac, stored)
        return found


def _mac(key: bytes, factor: FirstFactor, challenge: dict, code: str) -> bytes:
    generation = challenge["generation"].to_bytes(4)
    return hmac_sha256(key, factor.subject, factor.session, generation, challenge["phone"].encode(), code.encode())
