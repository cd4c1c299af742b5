"""The table: one partition per subject, with its own item and one for each login session's challenge."""

import os

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.config import Config

from .identity import base64url
from .policy import reservation

TABLE = os.environ["TABLE_NAME"]

# Time limits well under the functions' own.
CONFIG = Config(
    region_name=os.environ["AWS_REGION"],
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 3},
)

_client = boto3.client("dynamodb", config=CONFIG)


class _Plain(TypeDeserializer):
    """Reads numbers and bytes as Python's own: every number here is whole."""

    def _deserialize_n(self, value):
        return int(value)

    def _deserialize_b(self, value):
        return value


_serialize, _deserialize = TypeSerializer().serialize, _Plain().deserialize


def _written(values: dict) -> dict:
    return {name: _serialize(value) for name, value in values.items()}


def _read(item: dict) -> dict:
    return {name: _deserialize(value) for name, value in item.items()}


def subject_key(subject: bytes) -> dict:
    return {"pk": f"subject#{base64url(subject)}", "sk": "subject"}


def challenge_key(subject: bytes, session: bytes) -> dict:
    return {"pk": f"subject#{base64url(subject)}", "sk": f"challenge#{base64url(session)}"}


def key_of(item: dict) -> dict:
    return {"pk": item["pk"], "sk": item["sk"]}


def update(key: dict, expression: str, condition: str, values: dict, names: dict | None = None) -> dict:
    """A conditional update, as a request of its own or as a part of a transaction."""
    write = {
        "TableName": TABLE,
        "Key": _written(key),
        "UpdateExpression": expression,
        "ConditionExpression": condition,
        "ExpressionAttributeValues": _written(values),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    return write | {"ExpressionAttributeNames": names} if names else write


def put(item: dict, condition: str, values: dict | None = None) -> dict:
    write = {"TableName": TABLE, "Item": _written(item), "ConditionExpression": condition}
    return write | {"ExpressionAttributeValues": _written(values)} if values else write


def load(subject: bytes) -> tuple[dict, list[dict]]:
    """The subject and its challenges. What its denial covers is denied, though its own item does not say so."""
    pages = _client.get_paginator("query").paginate(
        TableName=TABLE,
        ConsistentRead=True,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues=_written({":pk": subject_key(subject)["pk"]}),
    )
    items = [_read(item) for page in pages for item in page["Items"]]
    own = next((item for item in items if item["sk"] == "subject"), {})
    challenges = [item for item in items if item["sk"].startswith("challenge#")]
    for challenge in challenges:
        if challenge["subjectVersion"] <= own.get("deniedVersion", -1) and not challenge.get("settled"):
            challenge["outcome"] = "denied"
    return own, challenges


def update_challenge(write: dict) -> tuple[dict | None, bool]:
    """Updates, and answers the challenge as it then stands, if there is one, and whether the condition held."""
    try:
        return _read(_client.update_item(**write, ReturnValues="ALL_NEW")["Attributes"]), True
    except _client.exceptions.ConditionalCheckFailedException as error:
        item = error.response.get("Item")
        return item and _read(item), False


def transact(writes: list[dict]) -> dict[int, str]:
    """Writes all or nothing. Answers what stood in the way, by the positions of the writes: nothing if it is done."""
    try:
        _client.transact_write_items(TransactItems=writes)
        return {}
    except _client.exceptions.TransactionCanceledException as error:
        codes = [reason["Code"] for reason in error.response["CancellationReasons"]]
        known = ("ConditionalCheckFailed", "TransactionConflict")
        in_the_way = {position: code for position, code in enumerate(codes) if code in known}
        if not in_the_way:
            raise
        return in_the_way


SETTLE_SUBJECT = (
    "SET failures = :zero, lastSuccessAt = :now, version = version + :one REMOVE lockedAt, guessesReserved.#reservation"
)
BOUND_ALIKE = (
    "(attribute_not_exists(blockedUntil) OR blockedUntil <= :now) AND "
    "(attribute_not_exists(deniedVersion) OR deniedVersion < :began) AND phone = :phone AND binding = :binding"
)
APPROVE_BY_CODE = "SET outcome = :approved, approvedAt = :at, approvedBy = :method, settled = :true, #ttl = keepUntil"
OPEN_FOR_CODE = "generation = :generation AND outcome = :pending AND expiresAt > :now AND charged = :charged"


def settle(subject: bytes, challenge: dict, now: int) -> bool:
    """Approves by a right code and settles with the subject, in one transaction: whether both agreed."""
    approve = {
        ":generation": challenge["generation"],
        ":pending": "pending",
        ":now": now,
        ":approved": "approved",
        ":at": now,
        ":method": "sms-code",
        ":true": True,
        ":charged": challenge["charged"],
    }
    agree = {
        ":zero": 0,
        ":one": 1,
        ":now": now,
        ":began": challenge["subjectVersion"],
        ":phone": challenge["phone"],
        ":binding": challenge["binding"],
    }
    names = {"#reservation": reservation(challenge)}
    writes = [
        {"Update": update(key_of(challenge), APPROVE_BY_CODE, OPEN_FOR_CODE, approve, {"#ttl": "ttl"})},
        {"Update": update(subject_key(subject), SETTLE_SUBJECT, BOUND_ALIKE, agree, names)},
    ]
    in_the_way = transact(writes)
    if "TransactionConflict" in in_the_way.values():
        in_the_way = transact(writes)
    return not in_the_way
