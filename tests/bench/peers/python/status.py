"""GET /v1/challenge: all that the page needs to draw itself and, once approved, the result token."""

from aws_lambda_powertools import Logger

from mfa.identity import first_factor
from mfa.policy import RESULT_LIFE
from mfa.store import challenge_key, load
from mfa.token import sign
from mfa.view import show
from mfa.web import endpoint, only_login

logger = Logger(service="status")


@endpoint(logger)
def handler(event, now):
    factor = first_factor(event, now)
    only_login(event.query_string_parameters.get("purpose"))
    subject, challenges = load(factor.subject)
    own_key = challenge_key(factor.subject, factor.session)["sk"]
    own = next((challenge for challenge in challenges if challenge["sk"] == own_key), None)
    is_proven = own and own.get("settled") and own["approvedAt"] + RESULT_LIFE > now
    return show(200, subject, challenges, own, factor, now, sign(factor, own) if is_proven else None)
