"""CloudFront in front of the API, as infra/edge.yaml configures it: what it forwards, adds and overwrites. It caches nothing."""

import functools
import http.client
import re
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from template import _expanded as document

TEMPLATE = Path(__file__).parents[2] / "infra" / "edge.yaml"


@functools.cache
def edge():
    return document(TEMPLATE)


def properties(name):
    return edge()["Resources"][name]["Properties"]


def distribution():
    return properties("Distribution")["DistributionConfig"]


def behaviour(path):
    """The cache behaviour that CloudFront chooses for a path."""
    for one in distribution()["CacheBehaviors"]:
        if re.fullmatch(re.escape(one["PathPattern"]).replace(r"\*", ".*"), path):
            return one
    return distribution()["DefaultCacheBehavior"]


def forwarded(policy):
    """What an origin request policy forwards."""
    return properties(policy)["OriginRequestPolicyConfig"]


def keyed(policy):
    """What a cache policy puts into the cache's key, and so forwards too."""
    return properties(policy)["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"]


def headers(part):
    """The names of the headers that a part of a policy lists."""
    return {header.lower() for header in part["HeadersConfig"]["Headers"]}


def forwarded_headers(path):
    """The names of the headers that reach the API with a request for this path, besides those that CloudFront adds."""
    chosen = behaviour(path)
    names = headers(keyed(chosen["CachePolicyId"]["Ref"]))
    if "OriginRequestPolicyId" in chosen:
        names |= headers(forwarded(chosen["OriginRequestPolicyId"]["Ref"]))
    return names


def forwarded_cookies(path):
    """The names of the cookies that reach the API with a request for this path."""
    chosen = behaviour(path)
    parts = [keyed(chosen["CachePolicyId"]["Ref"])]
    if "OriginRequestPolicyId" in chosen:
        parts.append(forwarded(chosen["OriginRequestPolicyId"]["Ref"]))
    return {name for part in parts for name in part["CookiesConfig"].get("Cookies", [])}


def cookies(given, passed):
    """The header with those cookies of a client's that are passed on."""
    pairs = [pair.strip() for name, value in given if name.lower() == "cookie" for pair in value.split(";")]
    return "; ".join(pair for pair in pairs if pair.split("=")[0] in passed)


class CloudFront:
    """A proxy on the loopback interface, as a context manager. `viewer` is the address that it saw its client at."""

    def __init__(self, secret):
        self.origin, self.viewer, self._secret = None, "203.0.113.9:50000", secret
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self):
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()

    def sent(self, path, given):
        """The headers of the request to the API: CloudFront's own replace the client's of the same name."""
        passed = forwarded_headers(urllib.parse.urlsplit(path).path)
        kept = {name.lower(): value for name, value in given if name.lower() in passed}
        if cookie := cookies(given, forwarded_cookies(urllib.parse.urlsplit(path).path)):
            kept["cookie"] = cookie
        if "cloudfront-viewer-address" in passed:
            kept["cloudfront-viewer-address"] = self.viewer
        [origin] = distribution()["Origins"]
        return kept | {header["HeaderName"]: self._secret for header in origin["OriginCustomHeaders"]}

    def _handler(self):
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                connection = http.client.HTTPConnection(urllib.parse.urlsplit(owner.origin).netloc, timeout=120)
                connection.request(self.command, self.path, body, owner.sent(self.path, list(self.headers.items())))
                answer = connection.getresponse()
                payload = answer.read()
                connection.close()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("connection", "content-length", "transfer-encoding", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            do_GET = do_POST = _serve

            def log_message(self, *_):
                pass

        return Handler
