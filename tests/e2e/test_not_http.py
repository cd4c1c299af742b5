"""What a function answers to an event that is not an HTTP request, and that its environment goes on."""

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

from conftest import BOOTSTRAP_DIR, REPOSITORY

GOOD = json.loads((REPOSITORY / "events" / "login-page.json").read_text())
NOT_HTTP = [
    GOOD | {"headers": GOOD["headers"] | {"host": "a:99999"}},
    GOOD | {"rawQueryString": "a b"},
    GOOD | {"rawQueryString": 'state="<>'},
    GOOD | {"rawQueryString": "\0"},
    GOOD | {"rawPath": "a:99999"},
    GOOD | {"headers": {"a b": "c"}},
    GOOD | {"body": "%", "isBase64Encoded": True},
    {},
    [],
    None,
]


def answers(events):
    """What one environment of login-page answers to each."""
    waiting, given = iter(events), Queue()

    class Runtime(BaseHTTPRequestHandler):
        def do_GET(self):
            event = next(waiting, self)
            if event is not self:
                self.reply(200, json.dumps(event).encode())

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            given.put((self.path.rsplit("/", 1)[1], json.loads(body)))
            self.reply(202, b"")

        def reply(self, status, body):
            self.send_response(status)
            self.send_header("lambda-runtime-aws-request-id", "r-1")
            self.send_header("lambda-runtime-deadline-ms", "4102444800000")
            self.send_header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:f")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Runtime)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}", "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "LOG_LEVEL": "info",
        "BRAND": "Example", "ALLOWED_COUNTRIES": "US",
    }
    process = subprocess.Popen([BOOTSTRAP_DIR / "login-page"], env=environment, stdout=subprocess.DEVNULL)
    try:
        return [given.get(timeout=30) for _ in events]
    finally:
        process.kill()
        process.wait()
        server.shutdown()


def test_an_event_that_is_not_http_is_answered_and_the_environment_goes_on():
    *refused, (kind, page) = answers([*NOT_HTTP, GOOD])
    for event, (kind_of_refused, answer) in zip(NOT_HTTP, refused, strict=True):
        assert (kind_of_refused, answer["statusCode"]) == ("response", 400), event
        assert json.loads(answer["body"])["type"] == "urn:alliance-mfa:problem:invalid-field"
    assert (kind, page["statusCode"]) == ("response", 200)
