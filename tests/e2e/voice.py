"""The voice provider: it takes orders for calls and reports on them by webhooks that Twilio's own
library signs."""

import base64
import contextlib
import http.client
import itertools
import urllib.parse
import xml.etree.ElementTree as ET
from typing import NamedTuple

from twilio.request_validator import RequestValidator

from serving import Server

ACCOUNT, KEY, SECRET = "AC" + "0" * 32, "SK" + "0" * 32, "voice-api-key-secret-of-the-tests"
SIGNING_TOKEN = "voice-signing-token-of-the-tests"
FROM = "+14155550100"
FORM = "application/x-www-form-urlencoded; charset=UTF-8"


class VoiceProvider(Server):
    """The REST API. Its calls do what the test makes them do."""

    def __init__(self, confidential):
        super().__init__()
        self._confidential = confidential
        self._calls = []
        self._sids = (f"CA{number:032x}" for number in itertools.count(1))
        self.refused = []
        self._closed = False

    @contextlib.contextmanager
    def refusing(self):
        """As long as this lasts, no call is placed."""
        self._closed = True
        yield
        self._closed = False

    def handle(self, method, path, headers, body):
        expected = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if headers["Authorization"] != expected or path != f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json":
            self.refused.append((method, path))
            return 401, {"code": 20003, "message": "Authenticate", "status": 401}
        if self._closed:
            return 429, {"code": 20429, "message": "Too Many Requests", "status": 429}
        call = Call(next(self._sids), urllib.parse.parse_qs(body.decode()), self._confidential)
        self._calls.append(call)
        return 201, {"sid": call.sid, "status": "queued"}

    def calls_to(self, number):
        """The calls ordered to a number, the oldest first."""
        return [call for call in self._calls if call.order["To"] == [number]]


class Call:
    """A call as ordered, and what happens on it."""

    def __init__(self, sid, order, confidential):
        self.sid, self.order = sid, order
        self._confidential = confidential
        # The call's token in the path is what stops a replay from another call.
        self.token = urllib.parse.urlsplit(self.status_url).path.split("/")[-2]
        confidential.add("call token", self.token)

    @property
    def answer_url(self):
        return self.order["Url"][0]

    @property
    def status_url(self):
        return self.order["StatusCallback"][0]

    def becomes(self, status, **sent):
        """Reports progress."""
        return self.post(self.status_url, {"CallStatus": status}, **sent)

    def answered(self, by, **sent):
        """Asks what to say, once it is judged who answered."""
        form = {"CallStatus": "in-progress"} | ({"AnsweredBy": by} if by else {})
        return self.post(self.answer_url, form, **sent)

    def pressed(self, key, script, **sent):
        """Reports a key pressed into what `script` listens for."""
        action = gather(script).get("action")
        return self.post(action, {"CallStatus": "in-progress", "Digits": key}, **sent)

    def post(self, url, form, signatures=None):
        """Posts a webhook, signed unless the test brings `signatures` of its own: any number."""
        form = self.filled(form)
        if signatures is None:
            signatures = [signature(url, form)]
        return post_form(url, list(form.items()), signatures, self._confidential)

    def filled(self, form):
        """A form with what the provider puts into each."""
        return {
            "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", "CallSid": self.sid, "Direction": "outbound-api",
            "From": self.order["From"][0], "To": self.order["To"][0],
        } | form


def post_form(url, pairs, signatures, confidential):
    """Posts a form under any number of signature headers."""
    body = urllib.parse.urlencode(pairs)
    return post(url, body.encode(), FORM, signatures, confidential)


def post(url, body, media_type, signatures, confidential):
    """Posts a webhook's bytes as they are, with a header for each of `signatures`."""
    confidential.add("body", body.decode())
    target = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(target.netloc, timeout=60)
    connection.putrequest("POST", target.path + (f"?{target.query}" if target.query else ""))
    connection.putheader("Content-Type", media_type)
    connection.putheader("Content-Length", str(len(body)))
    for one in signatures:
        confidential.add("signature", one)
        connection.putheader("X-Twilio-Signature", one)
    connection.endheaders(body)
    answer = connection.getresponse()
    return Answer(answer.status, answer.read().decode())


class Answer(NamedTuple):
    """What a webhook was answered."""

    status: int
    text: str


def signature(url, form):
    """The official library's signature."""
    return RequestValidator(SIGNING_TOKEN).compute_signature(url, form)


def gather(script):
    """What a script listens for."""
    return ET.fromstring(script).find("Gather")
