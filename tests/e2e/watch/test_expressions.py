"""The evaluator itself: metric math, statistics, M of N, missing data and the band."""

import pytest

from .alarms import breaching, fires
from .definitions import Alarm, Query
from .expressions import Context, computed, names
from .metrics import Metric, Written

ERRORS, CALLS = (Metric("AWS/Lambda", name, (("FunctionName", "f"),)) for name in ("Errors", "Invocations"))


def value(expression, period=60, absent=None, minutes=4, **samples):
    """An expression of metrics, each given as a value for each minute."""
    written, queries = Written(), [Query("asked", "", True, expression=expression)]
    for name, values in samples.items():
        metric = Metric("N", name, ())
        queries.append(Query(name, "", False, metric, "Sum"))
        for minute, sample in enumerate(values):
            if sample is not None:
                written.put(metric, minute, sample)
    return computed(queries, Context(written, range(minutes), period, absent))["asked"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m + 1", [2, 3, None, 5]),
        ("2 * m - m / 2", [1.5, 3, None, 6]),
        ("10 - m - 1", [8, 7, None, 5]),
        ("FILL(m, 0) + 1", [2, 3, 1, 5]),
        ("m >= 2", [0, 1, None, 1]),
        ("(m >= 2) AND (n == 0)", [0, 1, None, 0]),
        ("IF(m >= 2, m)", [None, 2, None, 4]),
        ("IF(m >= 2, m, 7)", [7, 2, None, 4]),
        ("IF(FILL(m, 0) == 0, n, 0)", [0, 0, 5, 0]),
        ("m / n", [None, None, None, 4]),
    ],
)
def test_metric_math_is_computed_point_by_point(expression, expected):
    assert value(expression, m=[1, 2, None, 4], n=[0, 0, 5, 1]) == expected


def test_a_choice_follows_the_documented_table():
    on, then, otherwise = [1, 1, 0, 0, None], [30, None, 0, 0, 30], [0, 0, 20, None, 20]
    assert value("IF(a, b, c)", minutes=5, a=on, b=then, c=otherwise) == [30, 0, 20, None, None]


def test_missing_data_can_also_count_as_a_value():
    assert value("m + n", m=[1, None], n=[2, 3], minutes=2) == [3, None]
    assert value("m + n", m=[1, None], n=[2, 3], minutes=2, absent=0.0) == [3, 3]


def test_what_the_evaluator_does_not_know_is_an_error():
    for expression in ("RATE(m)", "m ^ 2", "m +", "other + 1"):
        with pytest.raises((KeyError, AssertionError, ValueError)):
            value(expression, m=[1])


def test_names_are_ids_and_not_functions():
    assert names("IF(FILL(a1, 0) >= 2, 100 * b / cD)") == {"a1", "b", "cD"}
    assert names("""SEARCH('{N,open} MetricName="x"', 'Sum', 300)""") == set()


def test_statistics_are_those_of_all_samples_of_a_period():
    written = Written()
    for minute, sample, weight in ((0, 10.0, 1), (1, 20.0, 3), (4, 30.0, 1), (5, 99.0, 1)):
        written.put(ERRORS, minute, sample, weight)
    stats = {stat: written.series(ERRORS, stat, 300, range(15)) for stat in ("Sum", "SampleCount", "Average", "Maximum", "p50", "p95")}
    assert stats == {
        "Sum": [100, 99, None], "SampleCount": [5, 1, None], "Average": [20, 99, None], "Maximum": [30, 99, None],
        "p50": [20, 99, None], "p95": [30, 99, None],
    }


def test_a_search_finds_the_metrics_of_exactly_its_dimensions():
    written = Written()
    for dimensions in ({"F": "a", "Reason": "x"}, {"F": "a", "Reason": "y"}, {"F": "b", "Reason": "z"}, {"F": "a", "Reason": "x", "Country": "US"}):
        written.put(Metric("N", "Refused", tuple(dimensions.items())), 0)
    search = """SEARCH('{N,F,Reason} MetricName="Refused" F="a"', 'Sum', 60)"""
    context = Context(written, range(2), 60)
    assert computed([Query("s", "", True, expression=search)], context)["s"] == {"x": [1, None], "y": [1, None]}
    assert computed([Query("s", "", True, expression=f"SUM({search})")], context)["s"] == [2, None]


def alarm(evaluated=1, of=1, threshold=3.0, **other):
    queries = (Query("only", "", True, ERRORS, "Sum"),)
    return Alarm("a", True, queries, 60, evaluated, of, "GreaterThanOrEqualToThreshold", threshold, None, **other)


@pytest.mark.parametrize(
    ("evaluated", "of", "expected"), [(1, 1, [3, 5, 8]), (2, 2, [9]), (3, 2, [5, 9]), (5, 3, [9])]
)
def test_an_alarm_fires_when_m_of_the_last_n_periods_breach(evaluated, of, expected):
    written = Written()
    for minute, errors in enumerate([0, 2, 3, None, 4, None, 1, 5, 6]):
        if errors is not None:
            written.put(ERRORS, minute, errors)
    assert fires(alarm(evaluated, of), written, 1) == expected


def test_an_alarm_of_the_day_before_is_not_counted():
    written = Written()
    written.put(ERRORS, 100, 9)
    assert fires(alarm(), written, 2) == []


def test_a_band_is_learnt_from_the_same_hour_of_the_days_before():
    queries = (
        Query("m", "", True, CALLS, "Average"), Query("band", "", True, expression="ANOMALY_DETECTION_BAND(m, 2)"),
    )
    banded = Alarm("a", True, queries, 900, 1, 1, "LessThanLowerThreshold", None, "band")
    written, hour = Written(), range(600, 660, 15)
    for day in range(4):
        for minute in hour:
            written.put(CALLS, day * 1440 + minute, 80.0 + minute % 2)
    written.put(CALLS, 4 * 1440 + 600, 79.0)  # the deviation is at least 1
    written.put(CALLS, 4 * 1440 + 615, 70.0)
    written.put(CALLS, 4 * 1440 + 720, 0.0)  # an hour of which nothing is known
    assert fires(banded, written, 5) == [630]
    assert sum(breaching(banded, written, range(5 * 1440))) == 1
