"""The contract of the edge: CloudFront sends what the functions check, and forwards what they read."""

import json
import re

import pytest

from contract import ADMINISTRATIVE, AUTHORIZED, OPEN, assert_drawn, facts, openapi, template
from edge import CloudFront, behaviour, distribution, edge, forwarded, forwarded_cookies, forwarded_headers, headers, properties
from test_contract_api import resolved

# All that the functions and the gateway read of a request's headers, besides what CloudFront itself sends.
READ = {
    "authorization", "content-type", "accept-language", "origin", "x-twilio-signature",
    "access-control-request-method", "access-control-request-headers",
}


def test_the_functions_accept_the_secret_that_is_drawn():
    assert_drawn("Secret", "edge", of=edge())


def test_cloudfront_sends_the_secret_in_the_header_that_the_functions_check():
    secret_header, _ = facts()["edgeHeaders"]
    [origin] = distribution()["Origins"]
    [header] = origin["OriginCustomHeaders"]
    assert header["HeaderName"] == secret_header
    member = facts()["secrets"]["edge"]["member"]
    reference = "{{resolve:secretsmanager:${Secret}:SecretString:%s::${SecretVersion}}}" % member
    assert header["HeaderValue"] == {"Fn::Sub": reference}
    # CloudFront refuses to add headers with these prefixes.
    assert not secret_header.startswith(("x-amz-", "x-edge-"))


def test_the_viewers_address_is_forwarded_wherever_it_counts():
    _, viewer_header = facts()["edgeHeaders"]
    for route in AUTHORIZED:
        assert viewer_header in forwarded_headers(route.split()[1]), route


def test_the_api_gets_what_it_reads_and_its_own_host():
    _, viewer_header = facts()["edgeHeaders"]
    assert forwarded_headers("/v1/challenge") == READ | {viewer_header}
    assert {"host", "accept-encoding"}.isdisjoint(forwarded_headers("/v1/challenge"))
    # CloudFront refuses this one in an origin request policy, and more than ten headers in any policy.
    assert "authorization" not in headers(forwarded("Forwarded"))
    assert len(headers(forwarded("Forwarded"))) <= 10
    assert forwarded("Forwarded")["QueryStringsConfig"] == {"QueryStringBehavior": "all"}


# Those of the logins that post forms here, and of what they look up.
FORMS = {"POST /authorize", "POST /authorize/answer"}
LOOKED_UP = {"GET /openid/.well-known/openid-configuration", "GET /openid/jwks.json"}


def test_the_browsers_cookie_and_no_other_reaches_whatever_is_about_somebody():
    name = facts()["browserCookie"]
    for route in AUTHORIZED | FORMS:
        assert forwarded_cookies(route.split()[1]) == {name}, route
    for path in ("/assets/x/page.js", "/mfa-client.js", "/.well-known/jwks.json", *(route.split()[1] for route in LOOKED_UP)):
        assert forwarded_cookies(path) == set(), path
    given = [("Cookie", f"a=1; {name}=ours; {name}x=2"), ("Host", "edge.example")]
    with CloudFront("secret") as front:
        assert front.sent("/v1/challenge", given)["cookie"] == f"{name}=ours"
        assert "cookie" not in front.sent("/openid/jwks.json", given)


def test_a_posted_form_is_forwarded_with_its_type_and_language_and_never_cached():
    for route in FORMS:
        method, path = route.split()
        assert method in behaviour(path)["AllowedMethods"]
        assert behaviour(path)["CachePolicyId"] == {"Ref": "Uncached"}
        assert {"content-type", "accept-language"} <= forwarded_headers(path)


def test_the_documents_of_our_issuers_are_cached_alike():
    [same] = {json.dumps({**behaviour(path), "PathPattern": None}, sort_keys=True) for path in
              ("/.well-known/jwks.json", "/openid/jwks.json", "/openid/.well-known/openid-configuration")}
    assert '"AsResponded"' in same


def test_a_secret_header_of_a_client_is_not_forwarded():
    secret_header, _ = facts()["edgeHeaders"]
    for route in AUTHORIZED | OPEN:
        assert secret_header not in forwarded_headers(route.split()[1]), route


@pytest.mark.parametrize("route", sorted(AUTHORIZED | OPEN))
def test_a_route_is_cached_only_if_it_is_the_same_for_everyone(route):
    method, path = route.split()
    chosen = behaviour(re.sub(r"\{\w+\}", "x", path))
    headers = resolved(next(iter(openapi()["paths"][path][method.lower()]["responses"].values())))["headers"]
    allows = headers.get("Cache-Control", {}) != {"$ref": "#/components/headers/NoStore"}
    assert chosen["CachePolicyId"] == {"Ref": "AsResponded" if allows else "Uncached"}
    assert method in chosen["AllowedMethods"]
    if not allows:
        assert "OPTIONS" in chosen["AllowedMethods"]


def test_nothing_is_cached_for_longer_than_its_response_says():
    for name, most in (("Uncached", 1), ("AsResponded", 31_536_000)):
        of_cache = properties(name)["CachePolicyConfig"]
        assert (of_cache["MinTTL"], of_cache["DefaultTTL"], of_cache["MaxTTL"]) == (0, 0, most)
    # The codes that CloudFront would otherwise cache for ten seconds, whatever the response says.
    errors = {error["ErrorCode"]: error for error in distribution()["CustomErrorResponses"]}
    assert errors.keys() == {400, 403, 404, 405, 414, 500, 501, 502, 503, 504}
    assert all(error == {"ErrorCode": code, "ErrorCachingMinTTL": 0} for code, error in errors.items())


def test_the_api_is_the_only_origin_and_is_reached_by_tls():
    [origin] = distribution()["Origins"]
    assert origin["DomainName"] == {"Ref": "ApiHost"}
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    behaviours = [*distribution()["CacheBehaviors"], distribution()["DefaultCacheBehavior"]]
    assert {one["TargetOriginId"] for one in behaviours} == {origin["Id"]}
    assert {one["ViewerProtocolPolicy"] for one in behaviours} == {"https-only"}
    slowest = max(part["Properties"].get("Timeout", 0) for part in template()["Resources"].values()
                  if part["Type"] == "AWS::Serverless::Function" and "HttpApi" in json.dumps(part))
    assert origin["CustomOriginConfig"]["OriginReadTimeout"] > slowest


def test_addresses_of_both_kinds_are_served():
    assert distribution()["IPV6Enabled"] is True
    records = [name for name, part in edge()["Resources"].items() if part["Type"] == "AWS::Route53::RecordSet"]
    assert {properties(name)["Type"] for name in records} == {"A", "AAAA"}


def rules():
    return {rule["Name"]: rule for rule in properties("Firewall")["Rules"]}


def test_the_firewall_guards_the_distribution():
    assert distribution()["WebACLId"] == {"Fn::GetAtt": ["Firewall", "Arn"]}
    assert properties("Firewall")["Scope"] == "CLOUDFRONT"
    priorities = [rule["Priority"] for rule in rules().values()]
    assert len(set(priorities)) == len(priorities) == 5


def test_webhooks_are_counted_by_address_and_may_be_more():
    limited = {name: rule["Statement"]["RateBasedStatement"] for name, rule in rules().items() if "RateBasedStatement" in rule["Statement"]}
    assert set(limited) == {"RequestsPerAddress", "WebhooksPerAddress"}
    webhooks = limited["WebhooksPerAddress"]
    assert webhooks["ScopeDownStatement"]["ByteMatchStatement"]["SearchString"] == "/v1/calls/"
    assert (webhooks["AggregateKeyType"], webhooks["EvaluationWindowSec"]) == ("IP", 300)
    assert webhooks["Limit"] > edge()["Parameters"]["RequestsPerAddressPer5Minutes"]["Default"]


def test_administration_is_refused_at_the_edge_because_its_signature_names_another_host():
    match = rules()["NoAdministration"]["Statement"]["ByteMatchStatement"]
    assert rules()["NoAdministration"]["Action"] == {"Block": {}}
    for route in ADMINISTRATIVE:
        assert route.split()[1].startswith(match["SearchString"])
    for route in AUTHORIZED | OPEN:
        assert not route.split()[1].startswith(match["SearchString"])


def test_no_other_rule_looks_at_the_voice_providers_webhooks():
    for name, rule in rules().items():
        if name not in ("NoAdministration", "WebhooksPerAddress"):
            [statement] = rule["Statement"].values()
            match = statement["ScopeDownStatement"]["NotStatement"]["Statement"]["ByteMatchStatement"]
            assert (match["PositionalConstraint"], match["SearchString"]) == ("STARTS_WITH", "/v1/calls/"), name


def test_the_secrets_arn_is_that_of_the_copy_in_the_apis_region():
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:Secret-AbCdEf"
    text, values = edge()["Outputs"]["EdgeSecretArn"]["Value"]["Fn::Sub"]
    index, parts = values["Name"]["Fn::Select"]
    assert parts == {"Fn::Split": [":", {"Ref": "Secret"}]}
    known = {"AWS::Partition": "aws", "AWS::AccountId": "123456789012", "ApiRegion": "eu-central-1",
             "Name": secret.split(":")[int(index)]}
    arn = re.sub(r"\$\{([\w:]+)\}", lambda found: known[found[1]], text)
    assert arn == secret.replace("us-east-1", "eu-central-1")
    assert re.fullmatch(template()["Parameters"]["EdgeSecretArn"]["AllowedPattern"], arn)
    assert properties("Secret")["ReplicaRegions"]["Fn::If"][:2] == ["CopiesSecret", [{"Region": {"Ref": "ApiRegion"}}]]


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        (
            "ApiHost",
            ["abcdefghij.execute-api.eu-central-1.amazonaws.com", "api.mfa.example.com"],
            ["", "https://api.example.com", "api.example.com/", "API.example.com", "localhost"],
        ),
        ("ApiRegion", ["us-east-1", "eu-central-1", "us-gov-west-1"], ["", "us-east", "eu-central-1a"]),
        ("DomainName", ["", "mfa.example.com"], ["https://mfa.example.com", "*.example.com"]),
        (
            "CertificateArn",
            ["", "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000"],
            ["arn:aws:acm:eu-central-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000"],
        ),
        ("SecretVersion", ["", "0a1b2c3d-0000-4000-8000-000000000000"], ["AWSCURRENT", "1"]),
    ],
)
def test_a_parameter_of_the_edge_takes_what_is_right_and_nothing_else(parameter, good, bad):
    pattern = edge()["Parameters"][parameter]["AllowedPattern"]
    assert [value for value in good if not re.fullmatch(pattern, value)] == []
    assert [value for value in bad if re.fullmatch(pattern, value)] == []


def test_every_parameter_of_the_edge_is_explained_and_used():
    used = json.dumps({name: part for name, part in edge().items() if name != "Parameters"})
    for name, parameter in edge()["Parameters"].items():
        assert len(parameter["Description"]) > 20, name
        assert re.search(rf'{{"Ref": "{name}"}}|\$\{{{name}\}}', used), f"{name} is not used"
    chosen = {name for name, parameter in edge()["Parameters"].items() if "Default" not in parameter}
    assert chosen == {"ApiHost", "ApiRegion"}


def test_the_apis_first_host_is_closed_behind_the_edge_if_there_is_another():
    conditions = template()["Conditions"]
    assert conditions["ClosesApiHost"] == {"Fn::And": [{"Condition": "HasEdge"}, {"Condition": "HasDomain"}]}
    closed = template()["Resources"]["Api"]["Properties"]["DisableExecuteApiEndpoint"]
    assert closed == {"Fn::If": ["ClosesApiHost", True, False]}
    # Administration is signed for the host that is left.
    assert template()["Outputs"]["ApiUrl"]["Value"]["Fn::If"][:2] == ["ClosesApiHost", {"Fn::Sub": "https://${DomainName}"}]
