"""The voice provider: it accepts orders for calls, and reports on them with webhooks signed by Twilio's own
library."""

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
    """The REST API. The test decides what happens in its calls."""

    def __init__(self, confidential):
        super().__init__()
        self._confidential = confidential
        self._calls = []
        self._sids = (f"CA{number:032x}" for number in itertools.count(1))
        self.refused = []
        self._closed = False

    @contextlib.contextmanager
    def refusing(self):
        """A context in which every order is refused."""
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
        """The calls ordered to a number, oldest first."""
        return [call for call in self._calls if call.order["To"] == [number]]


class Call:
    """A call as it was ordered, with the webhooks that report on it."""

    def __init__(self, sid, order, confidential):
        self.sid, self.order = sid, order
        self._confidential = confidential
        # The call's token in the path prevents a replay from another call.
        self.token = urllib.parse.urlsplit(self.status_url).path.split("/")[-2]
        confidential.add("call token", self.token)

    @property
    def answer_url(self):
        return self.order["Url"][0]

    @property
    def status_url(self):
        return self.order["StatusCallback"][0]

    def becomes(self, status, **sent):
        """Reports the call's progress."""
        return self.post(self.status_url, {"CallStatus": status}, **sent)

    def answered(self, by, **sent):
        """Reports who answered, and asks what to say."""
        form = {"CallStatus": "in-progress"} | ({"AnsweredBy": by} if by else {})
        return self.post(self.answer_url, form, **sent)

    def pressed(self, key, script, **sent):
        """Reports a key pressed in response to `script`."""
        action = gather(script).get("action")
        return self.post(action, {"CallStatus": "in-progress", "Digits": key}, **sent)

    def post(self, url, form, signatures=None):
        """Posts a webhook, signed unless the test passes its own `signatures`, of which there can be any number."""
        form = self.filled(form)
        if signatures is None:
            signatures = [signature(url, form)]
        return post_form(url, list(form.items()), signatures, self._confidential)

    def filled(self, form):
        """A form with the fields that the provider adds to each."""
        return {
            "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", "CallSid": self.sid, "Direction": "outbound-api",
            "From": self.order["From"][0], "To": self.order["To"][0],
        } | form


def post_form(url, pairs, signatures, confidential):
    """Posts a form with any number of signature headers."""
    body = urllib.parse.urlencode(pairs)
    return post(url, body.encode(), FORM, signatures, confidential)


def post(url, body, media_type, signatures, confidential):
    """Posts a webhook's bytes unchanged, with a header for each of `signatures`."""
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
    status: int
    text: str


def signature(url, form):
    """The official library's signature."""
    return RequestValidator(SIGNING_TOKEN).compute_signature(url, form)


def gather(script):
    """The part of a script that listens for keys."""
    return ET.fromstring(script).find("Gather")
