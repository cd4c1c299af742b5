"""The page on which somebody who has passed the first factor gives the second, and that person's phone."""

import itertools
import json
import re
import uuid

import requests


class Person:
    """Somebody with an account and a phone."""

    _numbers = itertools.count(2000)

    def __init__(self, product, hosted_login, confidential, subject=None):
        self.subject = subject or f"person-{uuid.uuid4()}"
        self.number = f"+1415555{next(self._numbers)}"
        self._product, self._hosted_login, self._confidential = product, hosted_login, confidential
        confidential.add("phone number", self.number)

    def log_in(self, **claims):
        """Passes the first factor, which vouches for the number, and opens the page."""
        known = {"phone_number": self.number, "phone_number_verified": True}
        return self.page(self._hosted_login.token(self.subject, **known | claims))

    def log_in_without_number(self):
        """The same with a first factor that knows no number."""
        return self.log_in(phone_number=None, phone_number_verified=None)

    def page(self, token, cookie=None):
        """The page, opened with this token, in a browser with this cookie."""
        return Page(self._product.base_url, token, self.number, self._confidential, cookie)

    def messages(self):
        """The messages with a code that reached the phone, oldest first."""
        messages = [message for message in self._product.messages(self.number) if "\n@" in message["Message"]]
        for message in messages:
            self._confidential.add("code", code_in(message["Message"]))
        return messages

    def notices(self):
        """The messages without a code."""
        return [message for message in self._product.messages(self.number) if "\n@" not in message["Message"]]

    def code(self):
        """The code in the latest message."""
        return code_in(self.messages()[-1]["Message"])


class Page:
    """One login session at the API."""

    def __init__(self, base_url, token, number, confidential, cookie=None):
        self._base_url, self.token, self._number, self._confidential = base_url, token, number, confidential
        self._cookie = {"Cookie": f"__Host-mfa-browser={cookie}"} if cookie else {}
        confidential.add("token", token)

    def challenge(self, purpose=None):
        """The challenge's status."""
        return self._request("GET", "/v1/challenge" + (f"?purpose={purpose}" if purpose else ""))

    def start(self, channel, **fields):
        """Asks for a code or a call."""
        return self._request("POST", "/v1/challenge", {"channel": channel} | fields)

    def guess(self, code, **fields):
        """Enters a code."""
        return self._request("POST", "/v1/challenge/code", {"code": code} | fields)

    def _request(self, method, path, document=None):
        headers = self._cookie | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        body = None
        if document is not None:
            body = json.dumps(document)
            headers["Content-Type"] = "application/json"
            self._confidential.add("body", body)
        answer = requests.request(method, self._base_url + path, data=body, headers=headers, timeout=120)
        assert self._number[2:] not in answer.text  # the API never returns a full number
        result = _document(answer).get("resultToken")
        if result:
            self._confidential.add("token", result)
        return answer


def code_in(message):
    """The code that a browser reads from a message, whose last line binds it to a host."""
    return re.search(r"^@\S+ #([0-9]{6})\Z", message, re.MULTILINE).group(1)


def wrong_codes(code):
    return (f"{other:06}" for other in range(1_000_000) if f"{other:06}" != code)


def _document(answer):
    return answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
