"""Requests as API Gateway brings them, replies, problem documents (RFC 9457), and the log line of each request."""

import functools
import json
import time
from datetime import UTC, datetime

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2, event_source
from botocore.exceptions import BotoCoreError, ClientError

MAX_BODY = 4096


class Problem(Exception):
    """What a caller may see of a request that was not done; `more` goes into the document."""

    def __init__(self, status: int, name: str, detail: str, retry_at: int = 0, retry_after: int = 0, **more):
        super().__init__(name)
        self.status, self.name, self.detail = status, name, detail
        self.retry_at, self.retry_after, self.more = retry_at, retry_after, more

    def reply(self, now: int) -> dict:
        document = {
            "type": f"urn:alliance-mfa:problem:{self.name}",
            "title": self.name.replace("-", " "),
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }
        retry_after = self.retry_after
        if self.retry_at:
            document["retryAt"] = rfc3339(self.retry_at)
            retry_after = max(1, self.retry_at - now)
        headers = {"retry-after": str(retry_after)} if retry_after else {}
        return reply(self.status, "application/problem+json", json.dumps(document), headers)


def invalid(field: str, fault: str) -> Problem:
    return Problem(400, "invalid-field", f"{field} {fault}.", field=field)


def rfc3339(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def reply(status: int, media_type: str, body: str, headers: dict | None = None) -> dict:
    """A response that nobody may keep."""
    always = {"content-type": media_type, "cache-control": "no-store"}
    return {"statusCode": status, "headers": always | (headers or {}), "body": body}


def endpoint(logger: Logger):
    """Makes a Lambda handler of a function that answers a request made at the time `now`."""

    def decorate(handle):
        @logger.inject_lambda_context
        @event_source(data_class=APIGatewayProxyEventV2)
        @functools.wraps(handle)
        def handler(event: APIGatewayProxyEventV2, _context):
            began, now = time.perf_counter(), int(time.time())
            problem = cause = None
            try:
                response = handle(event, now)
            except Exception as error:
                problem, cause = _problem_of(error)
                response = problem.reply(now)
            log = logger.error if response["statusCode"] >= 500 else logger.info
            elapsed_ms = round((time.perf_counter() - began) * 1000)
            ended = {"status": response["statusCode"], "problem": problem and problem.name, "cause": cause}
            log("answered", **ended, elapsed_ms=elapsed_ms)
            return response

        return handler

    return decorate


def _problem_of(error: Exception) -> tuple[Problem, str | None]:
    """The SDK's errors pass; anything else is a fault of ours."""
    if isinstance(error, Problem):
        return error, None
    cause = f"{type(error).__name__}: {error}"
    if isinstance(error, (BotoCoreError, ClientError)):
        detail = "Please try again in a moment. Nothing is lost."
        return Problem(503, "temporarily-unavailable", detail, retry_after=1), cause
    return Problem(500, "internal", "Something went wrong on our side."), cause


def body_of(event: APIGatewayProxyEventV2) -> str:
    body = event.decoded_body or ""
    if len(body.encode()) > MAX_BODY:
        raise Problem(413, "body-too-large", "The body must not be larger than 4 KiB.")
    return body


def fields_of(event: APIGatewayProxyEventV2, *known: str) -> dict[str, str | None]:
    """The body's fields: an object of texts whose every name is known."""
    media_type, _, _ = (event.headers.get("content-type") or "").partition(";")
    if media_type.strip().lower() != "application/json":
        raise Problem(415, "unsupported-media-type", "The body must be application/json.")
    try:
        fields = json.loads(body_of(event))
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise Problem(400, "malformed-json", "The body must be one JSON object.")
    for name, value in fields.items():
        if name not in known:
            raise invalid(name[:64], "is not known here")
        if not isinstance(value, str | None):
            raise invalid(name, "must be a string")
    only_login(fields.get("purpose"))
    return fields


def only_login(purpose: str | None) -> None:
    """To change the number is not compared."""
    if purpose not in (None, "login"):
        raise invalid("purpose", "must be login")
