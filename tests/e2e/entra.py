"""A stand-in for Microsoft Entra: it sends people to our page for their second factor, and checks what comes back against
every row of its table of responses ("Microsoft Entra ID processing of the provider response", in the provider reference)."""

import base64
import html.parser
import json
import re
import time
import urllib.parse
import uuid
from http.cookies import SimpleCookie

import jwt
import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from login import new_key
from serving import Server

CLIENT, APP = "alliance-mfa-client", "1c5d1e0e-6f53-4b25-9d3c-0f4f2b1f7a11"
KEY_ID = "entra-1"
# Entra forgets an attempt after this time.
PATIENCE = 300
ACCEPTED_AMR = ["face", "fido", "fpt", "hwk", "iris", "otp", "pop", "retina", "sc", "sms", "swk", "tel", "vbm"]
COOKIE = "__Host-mfa-browser"
# OAuth 2.0, 4.1.2.1. Entra names the first two as examples.
ERRORS = ("access_denied", "temporarily_unavailable", "invalid_request", "unsupported_response_type")


class Entra(Server):
    """Its discovery, its keys, and the address to which answers are posted."""

    def __init__(self, confidential):
        super().__init__()
        self.tenant = str(uuid.uuid4())
        self._key, self._attempts, self._confidential = new_key(), {}, confidential
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        # The tenant is left open in the issuer of this document: it is the same for all tenants.
        self._documents = {
            "/common/v2.0/.well-known/openid-configuration": {
                "issuer": f"{self.url}/{{tenantid}}/v2.0", "jwks_uri": f"{self.url}/common/discovery/v2.0/keys",
            },
            "/common/discovery/v2.0/keys": {"keys": [public | {"kid": KEY_ID, "use": "sig"}]},
        }

    @property
    def redirect_uri(self):
        return f"{self.url}/common/federation/externalauthprovider"

    def handle(self, method, path, headers, body):
        if method == "POST" and f"{self.url}{path}" == self.redirect_uri:
            return 200, self._judged(headers, urllib.parse.parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        return (200, self._documents[path]) if path in self._documents else (404, {})

    def hint(self, person, key=..., algorithm="RS256", **claims):
        """Who is asked for a second factor. It is issued when it has expired. `claims` override the usual ones; None removes one."""
        now = int(time.time())
        usual = {
            "ver": "2.0", "iss": f"{self.url}/{self.tenant}/v2.0", "aud": APP, "exp": now - 1, "iat": now, "nbf": now,
            "sub": person.pairwise, "oid": person.oid, "tid": self.tenant, "preferred_username": f"{person.oid}@example.com",
        }
        present = {name: value for name, value in (usual | claims).items() if value is not None}
        return self._secret("hint", jwt.encode(present, self._key if key is ... else key, algorithm=algorithm, headers={"kid": KEY_ID}))

    def asks(self, person, acr=("possessionorinherence",), **fields):
        """The form that the user's browser posts to our page. `fields` override the usual ones; None removes one."""
        asked = {"id_token": {"acr": {"essential": True, "values": list(acr)}, "amr": {"essential": True, "values": ACCEPTED_AMR}}}
        usual = {
            "scope": "openid", "response_type": "id_token", "response_mode": "form_post", "client_id": CLIENT,
            "redirect_uri": self.redirect_uri, "claims": json.dumps(asked), "client-request-id": str(uuid.uuid4()),
            "nonce": self._secret("nonce", f"nonce {uuid.uuid4()}"), "id_token_hint": self.hint(person),
            # With all that a form or an address could change.
            "state": self._secret("state", f"rQ+/={uuid.uuid4()} \"<&'%20\u00e9"),
        }
        form = {name: value for name, value in (usual | fields).items() if value is not None}
        self._attempts[form.get("state")] = {"form": form, "person": person, "acr": acr, "began": time.monotonic()}
        return form

    def discovered(self, base_url):
        """Our discovery document and keys, as Entra reads them. It needs a Content-Length that is right."""
        address = f"{base_url}/openid/.well-known/openid-configuration"
        document = self._read(address)
        assert document["issuer"] + "/.well-known/openid-configuration" == address
        assert not re.search(r"[?#]|:443", document["issuer"])
        assert document["scopes_supported"] == ["openid"] and document["response_modes_supported"] == ["form_post"]
        assert document["response_types_supported"] == ["id_token"] and document["claim_types_supported"] == ["normal"]
        assert document["id_token_signing_alg_values_supported"] == ["RS256"] and document["subject_types_supported"]
        self._provider = document, {key["kid"]: key for key in self._read(document["jwks_uri"])["keys"]}
        return document

    @staticmethod
    def _read(address):
        with requests.get(address, headers={"Accept-Encoding": "identity"}, timeout=60, stream=True) as answer:
            body = answer.raw.read(decode_content=False)
        assert answer.status_code == 200 and int(answer.headers["Content-Length"]) == len(body), answer.headers
        return json.loads(body)

    def _judged(self, headers, fields):
        """What the user gets: signed in, or why not."""
        try:
            assert headers["Content-Type"].split(";")[0] == "application/x-www-form-urlencoded"
            form = dict(fields)
            assert len(form) == len(fields), "a field is there twice"
            attempt = self._attempts[form["state"]]
            assert time.monotonic() - attempt["began"] < PATIENCE, "the attempt is forgotten"
            if "error" in form:
                assert set(form) <= {"error", "error_description", "state"} and form["error"] in ERRORS, form
                return {"error": form["error"]}
            assert set(form) == {"id_token", "state"}
            return {"signed_in": attempt["person"].oid, "amr": self._verified(form["id_token"], attempt)["amr"]}
        except (AssertionError, KeyError, jwt.InvalidTokenError) as wrong:
            return {"refused": repr(wrong)}

    def _verified(self, token, attempt):
        self._secret("token", token)
        document, keys = self._provider
        header = jwt.get_unverified_header(token)
        key = keys[header["kid"]]
        certificate = x509.load_der_x509_certificate(base64.b64decode(key["x5c"][0], validate=True))
        spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        published = jwt.PyJWK(key, "RS256").key
        assert published.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == spki, "x5c is of another key"
        claims = jwt.decode(
            token, certificate.public_key(), algorithms=["RS256"], audience=attempt["form"]["client_id"], issuer=document["issuer"],
            options={"require": ["iss", "aud", "sub", "exp", "iat", "nonce", "acr", "amr"]},
        )
        assert claims["iat"] <= time.time() + 5 and claims["exp"] - claims["iat"] <= PATIENCE
        assert claims["sub"] == jwt.decode(attempt["form"]["id_token_hint"], options={"verify_signature": False})["sub"], "another sub"
        assert claims["nonce"] == attempt["form"]["nonce"], "another nonce"
        assert isinstance(claims["acr"], str) and claims["acr"] in attempt["acr"], ("AADSTS5001258", claims["acr"])
        assert isinstance(claims["amr"], list) and len(claims["amr"]) == 1 and claims["amr"][0] in ACCEPTED_AMR, ("AADSTS5001257", claims["amr"])
        return claims

    def _secret(self, kind, value):
        self._confidential.add(kind, value)
        return value


class Browser:
    """What a browser does for our page and does not show: it keeps the cookie, reads forms, and posts them."""

    def __init__(self, base_url, confidential):
        self._base_url, self._confidential, self.cookie = base_url, confidential, None

    def post(self, path, form):
        """Posts a form to our page, and keeps the cookie that is set."""
        headers = {"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {}
        answer = requests.post(self._base_url + path, data=form, headers=headers, allow_redirects=False, timeout=60)
        if "Set-Cookie" in answer.headers:
            [(name, morsel)] = SimpleCookie(answer.headers["Set-Cookie"]).items()
            assert (name, morsel["path"], morsel["samesite"], morsel["domain"]) == (COOKIE, "/", "None", "")
            assert morsel["secure"] and morsel["httponly"]
            self.cookie = morsel.value
            self._confidential.add("cookie", self.cookie)
        return answer


def followed(answer):
    """What the login page finds in the address that it was sent to: where to go afterwards, and the token and state."""
    assert answer.status_code == 303, (answer.status_code, answer.text)
    address = urllib.parse.urlsplit(answer.headers["Location"])
    # Nothing secret may be in a query, which servers log.
    [(name, redirect_uri)] = urllib.parse.parse_qsl(address.query)
    assert name == "redirect_uri"
    return redirect_uri, {name: urllib.parse.unquote(value) for name, value in (part.split("=", 1) for part in address.fragment.split("&"))}


def form_in(page):
    """The address and the fields of the only form of a page."""
    reader = _Forms()
    reader.feed(page)
    [(action, method, fields)] = reader.forms
    assert method == "post"
    return action, fields


class _Forms(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms = []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            self.forms.append((given["action"], given["method"].lower(), {}))
        elif tag == "input" and "name" in given:
            self.forms[-1][2][given["name"]] = given["value"]
