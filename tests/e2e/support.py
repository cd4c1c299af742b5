"""A support agent, who calls the administrators' routes with requests signed with Signature Version 4."""

import base64

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ministack import REGION


class Support:
    """Calls the administrators' routes, with or without an access key."""

    def __init__(self, base_url, access_key=None, secret_key=None):
        self._base_url = base_url
        self.access_key, self.secret_key = access_key, secret_key
        self._credentials = Credentials(access_key, secret_key) if access_key else None

    def show(self, subject):
        return self.request("GET", path_of(subject))

    def act(self, subject, action):
        return self.request("POST", f"{path_of(subject)}/{action}")

    def request(self, method, path, signed_path=None, headers=None, body=None):
        """A request, signed for `signed_path` if that is given. A body is JSON."""
        headers = dict(headers or {}) | ({"Content-Type": "application/json"} if body else {})
        if self._credentials:
            signed = AWSRequest(method=method, url=self._base_url + (signed_path or path), data=body)
            SigV4Auth(self._credentials, "execute-api", REGION).add_auth(signed)
            headers |= dict(signed.headers)
        return requests.request(method, self._base_url + path, headers=headers, data=body, timeout=60)


def path_of(subject):
    return "/v1/admin/subjects/" + base64.urlsafe_b64encode(subject.encode()).decode().rstrip("=")
