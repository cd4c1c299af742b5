"""The login's backend, which verifies results with an ordinary JOSE library."""

import json
import subprocess
from pathlib import Path

import joserfc.jwt
import jwt
import requests
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

HERE = Path(__file__).parent
TYPE = "mfa-result+jwt"


class PyJwtBackend:
    def __init__(self, issuer, audience):
        self._issuer, self._audience = issuer, audience
        discovered = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=60).json()
        assert discovered["issuer"] == issuer
        self._algorithms = discovered["id_token_signing_alg_values_supported"]
        self._keys = jwt.PyJWKClient(discovered["jwks_uri"])

    def verified(self, token):
        """The claims of a valid token."""
        if jwt.get_unverified_header(token)["typ"] != TYPE:
            raise jwt.InvalidTokenError("not a result")
        return jwt.decode(
            token, self._keys.get_signing_key_from_jwt(token), algorithms=self._algorithms,
            audience=self._audience, issuer=self._issuer,
            options={"require": ["iss", "aud", "sub", "iat", "exp", "jti", "txn", "amr", "acr", "auth_time"]},
        )


class JoserfcBackend:
    def __init__(self, issuer, audience):
        self._expected = {"iss": issuer, "aud": audience}
        discovered = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=60).json()
        self._algorithms = discovered["id_token_signing_alg_values_supported"]
        self._keys = KeySet.import_key_set(requests.get(discovered["jwks_uri"], timeout=60).json())

    def verified(self, token):
        """The claims of a valid token."""
        try:
            result = joserfc.jwt.decode(token, self._keys, algorithms=self._algorithms)
            if result.header.get("typ") != TYPE:
                raise ValueError("not a result")
            expected = {claim: {"essential": True, "value": value} for claim, value in self._expected.items()}
            others = {claim: {"essential": True} for claim in ["sub", "exp", "jti", "txn", "acr"]}
            joserfc.jwt.JWTClaimsRegistry(**expected, **others).validate(result.claims)
        except JoseError as error:
            raise ValueError(error) from error
        return result.claims


class JoseBackend:
    def __init__(self, issuer, audience):
        self._issuer, self._audience = issuer, audience

    def verified(self, token):
        """The claims of a valid token."""
        run = subprocess.run(
            ["node", HERE / "verify.mjs", self._issuer, self._audience, TYPE],
            input=token, capture_output=True, text=True, timeout=60, check=False,
        )
        if run.returncode:
            raise ValueError(run.stderr)
        return json.loads(run.stdout)
