"""Metric math, as far as the template uses it.

A series is a list with a value for each period, or None where there is no data. What CloudWatch makes of arithmetic
with missing data is not documented: `absent` says what, and a test shows that no alarm depends on it.
"""

import operator
import re
from dataclasses import dataclass
from statistics import mean, pstdev
from typing import Any

from .metrics import Metric

TOKEN = re.compile(r"""\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>"[^"]*"|'[^']*')|(?P<name>[A-Za-z_]\w*)|(?P<sign>>=|<=|==|[-+*/(),<>]))""")
# The weakest first.
OPERATORS = (
    {"AND": lambda one, other: float(bool(one) and bool(other))},
    {">=": operator.ge, "<=": operator.le, "==": operator.eq, ">": operator.gt, "<": operator.lt},
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": lambda one, other: one / other if other else None},
)


@dataclass(frozen=True)
class Context:
    """Where an expression is computed: over what was written, within a range of minutes, in periods."""

    written: Any
    minutes: range
    period: int
    absent: float | None = None

    def series(self, metric, stat):
        return self.written.series(metric, stat, self.period, self.minutes)

    @property
    def length(self):
        return len(self.minutes) // (self.period // 60)


def computed(queries, context):
    """The value of each query by its id: a series, a pair of series for a band, or series by label for a search."""
    values = {query.id: context.series(query.metric, query.stat) for query in queries if query.metric}
    waiting = [query for query in queries if not query.metric]
    while waiting:
        ready = [query for query in waiting if names(query.expression) <= values.keys()]
        assert ready, [query.expression for query in waiting]
        for query in ready:
            values[query.id] = _Expression(query.expression, values, context).value()
            waiting.remove(query)
    return values


def names(expression):
    """The ids that an expression names."""
    return {token for kind, token in _tokens(expression) if kind == "name" and token[0].islower()}


def _tokens(expression):
    at, expression = 0, expression.strip()
    while at < len(expression):
        found = TOKEN.match(expression, at)
        assert found, expression[at:]
        at = found.end()
        yield found.lastgroup, found[found.lastgroup]


class _Expression:
    def __init__(self, text, values, context):
        self._tokens = [*_tokens(text), ("end", "")]
        self._values, self._context = values, context

    def value(self):
        found = self._operation(0)
        assert self._tokens == [("end", "")], self._tokens
        return found

    def _operation(self, level):
        if level == len(OPERATORS):
            return self._operand()
        one = self._operation(level + 1)
        while self._tokens[0][1] in OPERATORS[level] and self._tokens[0][0] != "text":
            calculate = OPERATORS[level][self._take()]
            one = self._each(calculate, one, self._operation(level + 1))
        return one

    def _operand(self):
        kind = self._tokens[0][0]
        token = self._take()
        if kind == "number":
            return float(token)
        if kind == "text":
            return token[1:-1]
        if kind != "name":
            return self._close([self._operation(0)])[0] if token == "(" else self._unexpected(token)
        if self._tokens[0][1] != "(":
            return self._values[token]
        self._take()
        arguments = [self._operation(0)]
        while self._tokens[0][1] == ",":
            self._take()
            arguments.append(self._operation(0))
        return FUNCTIONS[token](self._context, *self._close(arguments))

    def _close(self, found):
        assert self._take() == ")"
        return found

    def _take(self):
        return self._tokens.pop(0)[1]

    def _unexpected(self, token):
        raise ValueError(token)

    def _each(self, calculate, one, other):
        """Point by point. A number has the same value at each."""
        if isinstance(one, float) and isinstance(other, float):
            return float(calculate(one, other))
        points = zip(_series(one, self._context), _series(other, self._context), strict=True)
        return [self._point(calculate, *point) for point in points]

    def _point(self, calculate, one, other):
        if one is None and other is None or self._context.absent is None and None in (one, other):
            return None
        absent = self._context.absent
        found = calculate(absent if one is None else one, absent if other is None else other)
        return None if found is None else float(found)


def _series(value, context):
    return [value] * context.length if isinstance(value, float) else value


def _fill(_, series, value):
    return [value if point is None else point for point in series]


def _if(context, condition, then, otherwise=None):
    then = _series(then, context)
    otherwise = [None] * len(then) if otherwise is None else _series(otherwise, context)
    # As documented: a missing `then` is 0, and a missing condition or `otherwise` leaves no data.
    chosen = zip(condition, then, otherwise, strict=True)
    return [None if on is None else (yes or 0.0) if on else no for on, yes, no in chosen]


def _search(context, schema, stat, _period):
    """Every metric of a schema that has the given name and dimensions, by the value of the one that is open."""
    listed, *conditions = re.findall(r'\{[^}]*\}|\w+="[^"]*"', schema)
    namespace, *dimensions = listed[1:-1].split(",")
    wanted = dict(condition.replace('"', "").split("=") for condition in conditions)
    found = {}
    for metric in context.written.metrics():
        given = dict(metric.dimensions) | {"MetricName": metric.name}
        fits = metric.namespace == namespace and {name for name, _ in metric.dimensions} == set(dimensions)
        if fits and wanted.items() <= given.items():
            [label] = [value for name, value in metric.dimensions if name not in wanted]
            found[label] = context.series(metric, stat)
    return dict(sorted(found.items()))


def _sum(context, found):
    points = [[value for value in each if value is not None] for each in zip(*found.values())]
    return [sum(each) if each else None for each in points] or [None] * context.length


def _band(context, series, width):
    """An approximation of what CloudWatch learns: mean and deviation of the same hour on the days before.

    CloudWatch's model is not documented, and also knows the day of the week and trends. Without four values there is no band.
    """
    day, hour = 86400 // context.period, max(1, 3600 // context.period)
    lower, upper = [], []
    for index in range(len(series)):
        first = index % day // hour * hour
        before = [series[at + slot] for at in range(0, index - index % day, day) for slot in range(first, first + hour)]
        known = [value for value in before if value is not None]
        enough = len(known) >= 4
        spread = width * max(1.0, pstdev(known)) if enough else 0.0
        lower.append(mean(known) - spread if enough else None)
        upper.append(mean(known) + spread if enough else None)
    return lower, upper


FUNCTIONS = {"FILL": _fill, "IF": _if, "SEARCH": _search, "SUM": _sum, "ANOMALY_DETECTION_BAND": _band}


def searched(expression):
    """The metric that an expression searches for, and its statistic; None if it searches for none."""
    found = re.search(r"""SEARCH\('\{([^}]*)\} MetricName="(\w+)"([^']*)', '(\w+)'""", expression)
    if not found:
        return None
    namespace, *dimensions = found[1].split(",")
    given = dict(re.findall(r'(\w+)="([^"]*)"', found[3]))
    return Metric(namespace, found[2], tuple((name, given.get(name, "")) for name in dimensions)), found[4]
