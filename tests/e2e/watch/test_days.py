"""Simulated days: nothing fires on a normal one, and of each fault somebody is told in time, by a page only if it must be."""

import pytest

from .alarms import fires
from .days import FAULT_BEGINS
from .definitions import alarms
from .faults import FAULTY, NORMAL, PICTURED
from .report import PICTURE, RUNBOOK, deployed, first_fired, picture, with_table


@pytest.mark.parametrize("day", NORMAL, ids=lambda day: day.name)
def test_nothing_fires_on_a_normal_day(day):
    assert first_fired(day.name) == {}


@pytest.mark.parametrize("day", FAULTY, ids=lambda day: day.name)
def test_a_fault_fires_the_alarms_that_it_must_and_in_time(day):
    took = {name: minute - FAULT_BEGINS for name, minute in first_fired(day.name).items()}
    assert took.keys() == day.must_fire.keys()
    assert {name for name, minutes in took.items() if not 0 < minutes <= day.must_fire[name]} == set(), took


def test_every_alarm_has_a_day_on_which_it_fires():
    every = {name for day in (*NORMAL, *FAULTY) for name in deployed(day)}
    assert every == {name for day in FAULTY for name in day.must_fire}


def test_no_alarm_depends_on_what_arithmetic_makes_of_missing_data():
    for day in (NORMAL[3], FAULTY[1], FAULTY[0]):
        written = day.written()
        for alarm in deployed(day).values():
            assert fires(alarm, written, day.days) == fires(alarm, written, day.days, absent=0.0), (day.name, alarm.name)


def test_nothing_fires_on_a_normal_day_of_a_stack_with_one_channel():
    written = NORMAL[0].written()
    for channels in ("sms", "call"):
        for alarm in alarms(Channels=channels, AllowedCountries="US,CA,GB").values():
            assert fires(alarm, written, NORMAL[0].days) == [], (channels, alarm.name)


def test_the_runbook_shows_what_fires():
    text = RUNBOOK.read_text()
    assert with_table(text) == text, "run `make watch`"


def test_the_picture_is_that_of_the_dashboard():
    assert PICTURED.fault
    assert picture() == PICTURE.read_text(), "run `make watch`"
