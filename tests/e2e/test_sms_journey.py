"""Send Code, from the first-factor token to the verified result."""

from page import wrong_codes


def test_a_code_sent_by_sms_approves_the_login_that_asked_for_it(person, verified):
    page = person.log_in()
    before = page.challenge().json()
    assert (before["state"], before["phoneNumber"]) == ("none", f"+•••••••••{person.number[-2:]}")

    started = page.start("sms")
    assert started.status_code == 201, started.text
    assert (started.json()["state"], started.json()["channels"]["sms"]["lastSend"]) == ("pending", "accepted")
    code = person.code()

    wrong = page.guess(next(wrong_codes(code)))
    assert (wrong.status_code, wrong.json()["type"]) == (422, "urn:alliance-mfa:problem:code-wrong")
    assert wrong.json()["attemptsLeft"] == 4
    right = page.guess(code)
    assert right.status_code == 200, right.text
    assert right.json()["state"] == "approved"

    token = right.json()["resultToken"]
    assert verified(token)["sub"] == person.subject
    assert page.challenge().json()["resultToken"] == token
    assert page.guess(code).status_code == 410


def test_the_message_is_transactional_and_bound_to_the_login_page(person):
    person.log_in().start("sms", locale="en-GB")
    [message] = person.messages()
    assert message["MessageAttributes"]["AWS.SNS.SMS.SMSType"]["StringValue"] == "Transactional"
    assert message["Message"].endswith(f"\n@login.example.com #{person.code()}")
    assert "Example" in message["Message"]


def test_a_double_click_sends_one_message(person):
    page = person.log_in()
    assert [page.start("sms").status_code, page.start("sms").status_code] == [201, 200]
    assert len(person.messages()) == 1


def test_a_code_does_not_work_in_another_login_of_the_same_person(person):
    person.log_in().start("sms")
    other = person.log_in()
    assert other.challenge().json()["state"] == "none"
    closed = other.guess(person.code())
    assert (closed.status_code, closed.json()["type"]) == (410, "urn:alliance-mfa:problem:challenge-closed")


def test_a_typed_number_is_enrolled_by_its_code(person, verified):
    page = person.log_in_without_number()
    assert page.start("sms").json()["type"] == "urn:alliance-mfa:problem:phone-number-required"
    national = f"({person.number[2:5]}) {person.number[5:8]}-{person.number[8:]}"
    assert page.start("sms", phoneNumber=national, region="US").status_code == 201

    claims = verified(page.guess(person.code()).json()["resultToken"])
    assert (claims["enrolled_now"], claims["acr"]) == (True, "urn:alliance-mfa:acr:phone-enrolled")
    known = person.log_in_without_number()
    assert known.challenge().json()["phoneNumber"].endswith(person.number[-2:])
    assert known.start("sms", phoneNumber="+14155559999").status_code == 409


def test_nothing_is_sent_to_a_country_that_is_not_allowed(product, person):
    page = person.log_in_without_number()
    refused = page.start("sms", phoneNumber="+442079460958")
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:alliance-mfa:problem:country-refused")
    assert product.messages("+442079460958") == []


def test_malformed_codes_use_up_no_guess(person):
    page = person.log_in()
    page.start("sms")
    for malformed in ["12345", "1234567", "①②③④⑤⑥", "12345a", ""]:
        assert page.guess(malformed).json()["type"] == "urn:alliance-mfa:problem:code-malformed"
    assert page.challenge().json()["attemptsLeft"] == 5
