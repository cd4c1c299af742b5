"""The deployed login page: the page, its files, and their headers."""

import base64
import gzip
import hashlib
import json
import re

import pytest
import requests

SCRIPTS = r'<script type="application/json" id="{}">(.*?)</script>'


def get(product, path, **headers):
    """The response for a path, with its body as sent."""
    headers = {"Accept-Encoding": "identity"} | {name.replace("_", "-"): value for name, value in headers.items()}
    with requests.get(product.base_url + path, headers=headers, timeout=60, stream=True) as answer:
        return answer, answer.raw.read(decode_content=False)


def hash_of(text):
    """The source of a policy that allows exactly this."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@pytest.fixture(scope="module")
def page(product):
    """The page, and the path of its files."""
    answer, body = get(product, "/")
    assert answer.status_code == 200
    text = body.decode()
    return answer, text, re.search(r'href="(/assets/[\w-]+)/', text)[1]


def test_the_page_is_public_and_not_cached(page):
    answer, text, _ = page
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    # By default, the page cannot be framed.
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Permissions-Policy"] == "otp-credentials=(self)"
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    script, style = (hash_of(re.search(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)[1]) for tag in ("script", "style"))
    assert policy == {
        "default-src": "'none'",
        "script-src": f"'self' '{script}'",
        "style-src": f"'{style}'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_the_page_has_the_stacks_settings(page):
    _, text, _ = page
    config = json.loads(re.search(SCRIPTS.format("config"), text)[1])
    assert config["brand"] == "Example"
    assert config["countries"] == {"US": {"channels": ["sms", "call"], "format": "1|1|(3) 3-4"}}
    assert (config["redirectUris"], config["frameAncestors"]) == ([], [])
    assert config["callMode"] == "press-pound"
    assert "--brand:#0b57d0;" in text


def test_the_page_is_in_the_requested_language(product):
    for path, accepted, expected in [("/", "ar-EG,en;q=0.5", 'lang="ar" dir="rtl"'), ("/?ui_locales=es%20en", "ar", 'lang="es"')]:
        _, body = get(product, path, Accept_Language=accepted)
        assert f"<html {expected}" in body.decode()


def test_every_file_the_page_uses_is_there_and_cached_for_good(product, page):
    _, text, assets = page
    names = set(re.findall(rf'"{assets}/([\w.-]+)"', text))
    assert names == {"page.en.js", "icon.svg"}
    for name in names:
        answer, body = get(product, f"{assets}/{name}")
        assert answer.status_code == 200, name
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        compressed, packed = get(product, f"{assets}/{name}", Accept_Encoding="gzip")
        assert compressed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed) == body, name


def test_a_page_loaded_before_a_deployment_still_finds_its_files(product):
    answer, body = get(product, "/assets/former/page.en.js")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert body
    missing, problem = get(product, "/assets/former/none.js")
    assert (missing.status_code, json.loads(problem)["type"]) == (404, "urn:alliance-mfa:problem:not-found")


def test_pages_that_may_call_the_api_may_load_the_client_module_too(product):
    answer, body = get(product, "/mfa-client.js", Origin="https://login.example.com")
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Access-Control-Allow-Origin"] == "https://login.example.com"
    assert b"export function createClient" in body
    stranger, _ = get(product, "/mfa-client.js", Origin="https://login.stranger.example")
    assert "Access-Control-Allow-Origin" not in stranger.headers
