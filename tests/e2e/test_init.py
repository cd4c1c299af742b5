"""What a function logs when it cannot start: every fault in one line of JSON, and no secret."""

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from conftest import BOOTSTRAP_DIR

SECRET = "0123456789-a-secret-that-no-log-may-show"
FUNCTIONS = [
    "login-page", "start-challenge", "get-challenge", "verify-code", "call-callback", "jwks", "admin", "audit-events",
    "follow-up", "message-receipts", "canary", "cognito",
]


def start(function, **environment):
    return subprocess.run([BOOTSTRAP_DIR / function], env=environment, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_missing_variable_is_named_in_one_line(function):
    ended = start(function)
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    cause = json.loads(line)["cause"]
    assert cause.startswith("configuration: ") and cause.count("is not set") >= (1 if function == "message-receipts" else 2), cause


class CannotBeRead(BaseHTTPRequestHandler):
    """Secrets Manager with an answer that contains the secret but cannot be parsed."""

    def do_POST(self):
        body = json.dumps({"SecretString": SECRET, "CreatedDate": "not a number"}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("function", ["verify-code", "call-callback", "audit-events"])
def test_an_answer_that_cannot_be_parsed_is_not_logged(function):
    server = ThreadingHTTPServer(("127.0.0.1", 0), CannotBeRead)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ended = start(
        function,
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{server.server_port}", AWS_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", TABLE_NAME="table", BRAND="Example", ALLOWED_COUNTRIES="US",
        PUBLIC_BASE_URL="https://mfa.example.com", RESULT_AUDIENCE="login", SIGNING_KEY_ARN="key",
        MAC_KEYS_SECRET_ARN="arn:mac", VOICE_SIGNING_SECRET_ARN="arn:signing", CALL_DIGITS_SECRET_ARN="arn:digits",
        EVENT_BUS_NAME="bus", CORRELATION_KEY_SECRET_ARN="arn:correlation",
    )
    server.shutdown()
    assert ended.returncode == 1
    assert "cannot be read" in ended.stderr
    assert SECRET not in ended.stdout + ended.stderr
