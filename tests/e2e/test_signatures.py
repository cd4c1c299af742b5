"""Compares our webhook signatures with those of the provider's own library, in both directions."""

import itertools
import json
import random
import string
import urllib.parse
from hashlib import sha256

import pytest
from twilio.request_validator import RequestValidator

import voice

TOKEN = "12345"
CALL = {
    "CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "From": "+14158675309", "To": "+18005551212",
}
BY_HAND = [
    ("https://mycompany.com/myapp.php?foo=1&bar=2", [*CALL.items(), ("Digits", "1234")]),
    ("https://mycompany.com/myapp.php?foo=1&bar=2", [*CALL.items(), ("Digits", "#")]),
    ("https://mycompany.com/v1/calls/a/b/digits", [("Digits", "")]),
    ("https://mycompany.com/v1/calls/a/b/digits", []),
    ("https://h/x", [("B", "x"), ("a", "2"), ("a", "1"), ("a", "1")]),
    ("https://h/x?q=%23&q=a+b&empty=", [("Ünï", "çødé 電話 ☎ 🔑"), ("a b", "c&d=e%20f+g")]),
    ("https://h/x", [("a", "b"), ("ab", ""), ("A", "b"), ("\ud7ff", "1"), ("\ue000", "2"), ("\U00010000", "3")]),
]
ALPHABET = string.ascii_letters + string.digits + string.punctuation + " \t\r\néßñ中الА🔑\ufeff\u200e"


class Form(dict):
    """A form with repeated names, in the form in which web frameworks pass it to the library."""

    def __init__(self, pairs):
        super().__init__(pairs)
        self._pairs = pairs

    def getall(self, name):
        return [value for key, value in self._pairs if key == name]


def cases(count):
    """The handwritten cases, then random ones that are the same each time."""
    chance = random.Random(2)

    def text(longest):
        return "".join(chance.choices(ALPHABET, k=chance.randint(0, longest)))

    yield from BY_HAND
    for _ in range(count):
        names = [text(6) for _ in range(4)] + ["Digits", "CallStatus"]
        pairs = [(chance.choice(names), chance.choice(["#", "0", text(12)])) for _ in range(chance.randint(0, 12))]
        query = urllib.parse.urlencode([(text(4), text(6)) for _ in range(chance.randint(0, 3))])
        path = urllib.parse.quote(text(10))
        host = chance.choice(["h", "mfa.example.com", "xn--bcher-kva.example"])
        yield f"https://{host}/{path}" + (f"?{query}" if query else ""), pairs


@pytest.fixture(scope="module")
def signed(interop):
    """Cases, each with our signature."""
    made = list(cases(2000))
    answers = interop({"op": "sign", "token": TOKEN, "url": url, "form": form} for url, form in made)
    return [(url, form, answer["signature"]) for (url, form), answer in zip(made, answers, strict=True)]


def test_we_sign_as_the_library_does(signed):
    library = RequestValidator(TOKEN)
    for url, form, ours in signed:
        assert library.compute_signature(url, Form(form)) == ours, (url, form)


def test_the_library_accepts_our_signature_but_not_for_a_changed_form(signed):
    library = RequestValidator(TOKEN)
    for url, form, ours in signed:
        assert library.validate(url, Form(form), ours), (url, form)
        assert not library.validate(url, Form([*form, ("Digits", "9")]), ours), (url, form)


def test_we_accept_the_librarys_signature_with_or_without_the_port(interop):
    library = RequestValidator(TOKEN)
    questions = [
        verify(url, form, library.compute_signature(as_signed, Form(form))) | tokens
        for url, form in cases(500)
        for as_signed in (url, with_port(url))
        for tokens in ({}, {"token": "the new one", "previous": TOKEN})
    ]
    assert all(answer["valid"] for answer in interop(questions))


def test_we_refuse_what_the_library_refuses(interop):
    library = RequestValidator(TOKEN)
    questions = []
    for url, form in cases(500):
        right = library.compute_signature(url, Form(form))
        near = [
            (url + "x", form, right), (url, [*form, ("Digits", "9")], right), (url, form, ""), (url, form, right[:-1]),
            (url, form, right.swapcase()), (url, form, right + " "), (url.replace("https", "http"), form, right),
        ]
        if form and form[0] not in form[1:] and form[0] != ("", ""):
            near.append((url, form[1:], right))
        for other_url, other_form, signature in near:
            assert not library.validate(other_url, Form(other_form), signature), (other_url, other_form, signature)
            questions.append(verify(other_url, other_form, signature))
        questions.append(verify(url, form, right) | {"token": "another"})
    assert not any(answer["valid"] for answer in interop(questions))


def test_the_deployed_webhook_reads_any_form_that_the_library_signs(product, confidential):
    """Over HTTP, with percent-encoding, base64 in the event, and the query as it was sent."""
    for number, (url, form) in enumerate(itertools.islice(cases(40), 47)):
        sent = webhook_url(product, "status") + query_of(url)
        right = RequestValidator(voice.SIGNING_TOKEN).compute_signature(sent, Form(form))
        assert voice.post_form(sent, form, [right], confidential).status == 204, (number, sent, form)
        assert voice.post_form(sent, form, [right[::-1]], confidential).status == 403


def test_the_deployed_webhook_accepts_json_only_with_its_hash_in_the_signed_query(product, confidential):
    library = RequestValidator(voice.SIGNING_TOKEN)
    body = json.dumps({"CallStatus": "ringing"})
    plain = webhook_url(product, "status")
    hashed = f"{plain}?bodySHA256={sha256(body.encode()).hexdigest()}"
    right = library.compute_signature(hashed, {})
    assert library.validate(hashed, body, right)

    def post(url, sent, signature):
        return voice.post(url, sent.encode(), "application/json", [signature], confidential).status

    assert post(hashed, body, right) == 204
    assert post(hashed, body + " ", right) == 403
    assert post(plain, body, library.compute_signature(plain, {})) == 403


def verify(url, form, signature):
    """A question for our verifier."""
    return {"op": "verify", "token": TOKEN, "url": url, "form": form, "signature": signature}


def webhook_url(product, event):
    """The webhook of a call that does not exist."""
    return f"{product.base_url}/v1/calls/{'A' * 91}/{'A' * 22}/{event}"


def query_of(url):
    query = urllib.parse.urlsplit(url).query
    return f"?{query}" if query else ""


def with_port(url):
    """The URL with its port, as the provider sometimes signs it."""
    scheme, _, host, path = url.split("/", 3)
    return f"{scheme}//{host}:443/{path}"
