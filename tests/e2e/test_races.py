"""Many simultaneous requests over HTTP: guesses are counted, compared and consumed correctly nevertheless."""

import collections
import concurrent.futures
import functools
import itertools
import random
import threading
import time

import pytest

from conftest import CONCURRENCY
from page import wrong_codes

# The answer if the store did not respond in time. The guess may have been counted, but was not judged.
OVERLOADED = 503
REPETITIONS = pytest.mark.parametrize("repetition", range(1, 4))


def at_once(number, request):
    """The answers to `number` requests that start together. A request that exceeds the reserved concurrency is sent
    again, as is one whose environment died. It is after a pause: the refusals themselves would take up the emulator."""

    def admitted(index):
        while (answer := request(index)).status_code in (429, 502) and "detail" not in answer.text:
            time.sleep(random.uniform(0.2, 0.8))
        return answer

    return together([functools.partial(admitted, index) for index in range(number)])


def together(actions):
    """The results of actions that are started together."""
    start = threading.Barrier(len(actions))

    def run(action):
        start.wait()
        return action()

    with concurrent.futures.ThreadPoolExecutor(len(actions)) as threads:
        return list(threads.map(run, actions))


def statuses(answers):
    return collections.Counter(answer.status_code for answer in answers)


@pytest.fixture(scope="module", autouse=True)
def warm(someone):
    """Starts as many environments as there may be, one at a time. If one does not start in time, because many start at
    once, the emulator stops all others of the function too."""
    page = someone().log_in()
    for number in range(1, CONCURRENCY + 1):
        for _ in range(2):
            at_once(number, lambda _: page.guess("malformed"))


@REPETITIONS
def test_of_fifty_right_codes_at_once_exactly_one_approves_and_there_is_one_token(person, verified, repetition):
    page = person.log_in()
    page.start("sms")
    code = person.code()

    answers = at_once(50, lambda _: page.guess(code))

    seen = statuses(answers)
    assert seen.keys() <= {200, 410, OVERLOADED} and seen[200] <= 1, seen
    after = at_once(10, lambda _: page.challenge())
    tokens = {answer.json()["resultToken"] for answer in [*answers, *after] if answer.status_code == 200}
    [token] = tokens
    assert verified(token)["sub"] == person.subject


@REPETITIONS
def test_of_two_hundred_guesses_at_once_at_most_five_are_judged(person, repetition):
    page = person.log_in()
    page.start("sms")
    code = person.code()
    guesses = list(itertools.islice(wrong_codes(code), 200))

    answers = at_once(200, lambda index: page.guess(guesses[index]))

    seen = statuses(answers)
    assert seen.keys() <= {422, 410, OVERLOADED}, seen
    judged = [answer.json()["attemptsLeft"] for answer in answers if answer.status_code == 422]
    assert len(judged) == len(set(judged)) <= 5, judged
    assert page.challenge().json()["state"] == "exhausted"
    assert page.guess(code).status_code == 410


def test_of_ten_starts_at_once_exactly_one_sends(person):
    page = person.log_in()

    answers = at_once(10, lambda _: page.start("sms"))

    seen = statuses(answers)
    assert seen.keys() <= {201, 200, OVERLOADED} and seen[201] == 1, seen
    assert len(person.messages()) == 1


def test_ten_polls_at_once_after_a_call_all_get_the_same_token(person, provider):
    page = person.log_in()
    page.start("call")
    [call] = provider.calls_to(person.number)
    call.pressed("#", call.answered("human").text)

    answers = at_once(10, lambda _: page.challenge())

    seen = statuses(answers)
    assert seen.keys() <= {200, OVERLOADED} and seen[200] > 0, seen
    assert len({answer.json()["resultToken"] for answer in answers if answer.status_code == 200}) == 1


def test_pound_and_the_code_at_once_approve_once_and_give_one_token(person, provider):
    page = person.log_in()
    page.start("call")
    page.start("sms")
    [call], code = provider.calls_to(person.number), person.code()
    prompt = call.answered("human").text

    [guessed, _] = together([lambda: page.guess(code), lambda: call.pressed("#", prompt)])

    tokens = {page.challenge().json()["resultToken"]}
    if guessed.status_code == 200:
        tokens.add(guessed.json()["resultToken"])
    assert guessed.status_code in (200, 410) and len(tokens) == 1
