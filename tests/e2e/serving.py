"""A small HTTP server on the loopback interface, for the services that the tests stand in for."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server:
    """Answers each request with the status and JSON document that `handle(method, path, headers, body)` returns.
    A context manager."""

    def __init__(self):
        self._http = _Backlogged(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def handle(self, method, path, headers, body):
        raise NotImplementedError

    def __enter__(self):
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()

    def _handler(self):
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, document = owner.handle(self.command, self.path, self.headers, body)
                payload = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            do_GET = do_POST = _serve

            def log_message(self, *_):
                pass

        return Handler


class _Backlogged(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
