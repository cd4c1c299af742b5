"""The administrators' routes behind IAM: what support agents can do, and that nobody else can."""

import time

import pytest

from page import wrong_codes
from support import Support, path_of

ACTIONS = ["unlock", "unblock", "reset-phone"]


@pytest.fixture(scope="module")
def support(product, confidential):
    """An IAM user with the stack's policy for support agents."""
    key = product.user("jane", product.output("SupportPolicyArn"))
    confidential.add("secret", key["secret_key"])
    return Support(product.base_url, **key)


def subject_item(product, action):
    """The only subject whose last action was this one."""
    [item] = [item for item in product.stored() if item.get("adminAction") == {"S": action}]
    return item


def test_wrong_guesses_are_shown_and_forgiven_and_it_is_recorded_by_whom(product, person, support):
    page = person.log_in()
    page.start("sms")
    code = person.code()
    page.guess(next(wrong_codes(code)))

    shown = support.show(person.subject)
    assert (shown.status_code, shown.headers["Cache-Control"]) == (200, "no-store")
    assert shown.json()["failures"] == 1
    assert [challenge["attemptsLeft"] for challenge in shown.json()["challenges"]] == [4]
    assert person.number[2:] not in shown.text and code not in shown.text

    unlocked = support.act(person.subject, "unlock")
    assert (unlocked.status_code, unlocked.json()["failures"]) == (200, 0)
    item = subject_item(product, "unlock")
    assert item["adminBy"]["S"].endswith(":user/jane")
    assert abs(int(item["adminAt"]["N"]) - time.time()) < 60
    assert page.guess(code).json()["state"] == "approved"


def test_a_user_with_a_new_phone_is_asked_for_it_after_a_reset(product, person, support):
    page = person.log_in()
    page.start("sms")
    page.guess(person.code())
    running = person.log_in()
    running.start("sms")
    old = person.code()
    enrolled = support.show(person.subject).json()
    assert enrolled["phoneNumber"].endswith(person.number[-2:])
    assert (enrolled["country"], enrolled["line"]) == ("US", "mobile")

    reset = support.act(person.subject, "reset-phone")
    assert (reset.status_code, reset.json()["phoneNumber"], reset.json()["country"]) == (200, None, None)
    assert "phone" not in subject_item(product, "reset")
    assert running.guess(old).status_code == 410
    assert "resultToken" not in running.challenge().json()


def test_a_user_who_pressed_zero_by_mistake_can_sign_in_once_unblocked(person, provider, support):
    reported = person.log_in()
    reported.start("call")
    call = provider.calls_to(person.number)[-1]
    offer = call.pressed("0", call.answered("human").text)
    call.pressed("0", offer.text)
    assert person.log_in().challenge().json()["state"] == "blocked"

    unblocked = support.act(person.subject, "unblock").json()
    assert (unblocked["reportedAt"], unblocked["blockedUntil"]) == (None, None)
    time.sleep(1)  # logins started in the same second as the report were denied with it
    page = person.log_in()
    assert page.challenge().json()["channels"]["call"]["reason"] != "call-reported"
    page.start("sms")
    assert page.guess(person.code()).json()["state"] == "approved"
    assert reported.challenge().json()["state"] == "denied"


def test_enrolment_is_opened_for_a_user_of_whom_nothing_is_known_and_used_up_once(product, person, support):
    closed = {"mfa_enrolment": "closed", "phone_number": None, "phone_number_verified": None}
    page = person.log_in(**closed)
    assert page.challenge().json()["channels"]["sms"]["reason"] == "enrolment-closed"
    refused = page.start("sms", phoneNumber=person.number)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:alliance-mfa:problem:enrolment-closed")

    opened = support.act(person.subject, "open-enrolment")
    assert (opened.status_code, opened.json()["phoneNumber"]) == (200, None)
    assert opened.json()["enrolmentOpenUntil"] is not None
    assert page.start("sms", phoneNumber=person.number).status_code == 201
    assert page.guess(person.code()).json()["state"] == "approved"
    again = support.act(person.subject, "open-enrolment")
    assert (again.status_code, again.json()["type"]) == (409, "urn:alliance-mfa:problem:phone-enrolled")

    assert support.act(person.subject, "reset-phone").json()["enrolmentOpenUntil"] is None
    later = person.log_in(**closed).start("sms", phoneNumber=person.number)
    assert later.json()["type"] == "urn:alliance-mfa:problem:enrolment-closed"


def test_an_unknown_user_is_not_found(support):
    for answer in [support.show("nobody"), *(support.act("nobody", action) for action in ACTIONS)]:
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:alliance-mfa:problem:subject-unknown")


def test_without_iams_permission_nothing_is_shown_or_changed(product, person, support):
    page = person.log_in()
    page.start("sms")
    before = product.stored()
    unsigned = Support(product.base_url)
    outsider = Support(product.base_url, **product.user("no-support"))
    own = path_of(person.subject)
    for method, path in [("GET", own), *(("POST", f"{own}/{action}") for action in [*ACTIONS, "open-enrolment"])]:
        refused = [
            unsigned.request(method, path),
            unsigned.request(method, path, headers={"Authorization": f"Bearer {page.token}"}),
            unsigned.request(method, path, headers={"x-amzn-iam-user-arn": "arn:aws:iam::000000000000:root"}),
            outsider.request(method, path),
            support.request(method, path, signed_path=path_of("someone-else")),
            support.request(method, path, headers={"Origin": "https://login.example.com"}),
        ]
        assert [answer.status_code for answer in refused] == [403] * len(refused), (method, path)
        assert all("failures" not in answer.text for answer in refused)
    assert product.stored() == before
