"""The hosted login: it checks the first factor and issues the token that the API requires."""

import json
import time
import uuid

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from serving import Server

AUDIENCE = "alliance-mfa"
KEY_ID = "login-1"
# Lets the canary have a token.
API_KEY = "the-key-of-the-canary-at-the-login"


class HostedLogin(Server):
    """An issuer with the discovery document and keys that API Gateway's authorizer fetches."""

    def __init__(self):
        super().__init__()
        self._key = new_key()
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        self._documents = {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/keys": {"keys": [public | {"kid": KEY_ID, "use": "sig", "alg": "RS256"}]},
        }

    def handle(self, method, path, headers, body):
        if path in self._documents:
            return 200, self._documents[path]
        if (method, path) == ("POST", "/token") and headers.get("X-Api-Key") == API_KEY:
            return 200, {"result": {"token": self.token(json.loads(body)["account"])}}
        return 404, {}

    def token(self, subject, key=None, **claims):
        """A first-factor token. `claims` override the standard ones; None removes one."""
        now = int(time.time())
        standard = {
            "iss": self.url, "aud": AUDIENCE, "sub": subject, "jti": str(uuid.uuid4()),
            "iat": now, "exp": now + 600, "auth_time": now, "amr": ["pwd"],
        }
        present = {name: value for name, value in (standard | claims).items() if value is not None}
        return jwt.encode(present, key or self._key, algorithm="RS256", headers={"kid": KEY_ID})


def new_key():
    """A new key, which no issuer has published yet."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
