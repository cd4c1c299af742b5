"""The part of CloudWatch Logs Insights that the template's queries use. Anything else is an error.

Own code, because the emulator passes over what it doesn't know: it has no `stats`, and no `filter` on a field of a line.
Read side by side with "CloudWatch Logs Insights language query syntax" of the CloudWatch Logs user guide.
"""

import datetime
import json
import math
import re

TOKEN = re.compile(
    r"""\s*(?:"(?P<text>[^"]*)"|/(?P<pattern>[^/]+)/|`(?P<quoted>[^`]+)`|(?P<span>\d+[smhd])\b|(?P<number>\d+)
    |(?P<name>@?[A-Za-z_]\w*)|(?P<sign>!=|>=|<=|[=<>(),*|]))""",
    re.VERBOSE,
)
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# Words of the language: a field of that name needs backticks.
RESERVED = {"as", "by", "and", "or", "not", "like", "asc", "desc", "fields", "filter", "stats", "sort", "limit"}


def record(group, timestamp, message):
    """A line as Insights sees it: a JSON object's members are its fields. `timestamp` is in milliseconds."""
    at = datetime.datetime.fromtimestamp(timestamp / 1000, datetime.UTC)
    line = {"@timestamp": _shown(at), "@message": message, "@log": group}
    if platform := re.search(r"RequestId: (\S+)", message):
        line["@requestId"] = platform[1]
    return line | (json.loads(message) if message.startswith("{") else {})


def answer(query, lines):
    """The rows with which the query answers, each a field's value by its name."""
    rows, shown = list(lines), None
    for stage in _stages(query):
        command = stage.word()
        if command == "fields":
            columns = stage.columns()
            rows = [row | {name: value(row) for name, value in columns} for row in rows]
            shown = [name for name, _ in columns]
        elif command == "filter":
            holds = stage.condition()
            rows = [row for row in rows if holds(row)]
        elif command == "stats":
            rows, shown = stage.grouped(rows)
        elif command == "sort":
            name, descends = stage.field(), stage.order() == "desc"
            rows = sorted(rows, key=lambda row, name=name: (row.get(name) is not None, row.get(name)), reverse=descends)
        elif command == "limit":
            rows = rows[:int(stage.take("number"))]
        else:
            raise SyntaxError(command)
        stage.end()
    return [{name: row[name] for name in shown if row.get(name) is not None} for row in rows]


def _stages(query):
    tokens, position = [[]], 0
    query = query.rstrip()
    while position < len(query):
        found = TOKEN.match(query, position)
        if not found:
            raise SyntaxError(query[position:])
        position = found.end()
        if found["sign"] == "|":
            tokens.append([])
        else:
            tokens[-1].append((found.lastgroup, found[found.lastgroup]))
    return [_Stage(part) for part in tokens]


class _Stage:
    def __init__(self, tokens):
        self._tokens = tokens

    def next(self, *options):
        """The next token's text if it is one of these words or signs, which takes it."""
        if self._tokens and self._tokens[0][0] in ("name", "sign") and self._tokens[0][1] in options:
            return self._tokens.pop(0)[1]
        return None

    def need(self, *options):
        return self.next(*options) or self._fail()

    def take(self, kind):
        if self._tokens and self._tokens[0][0] == kind:
            return self._tokens.pop(0)[1]
        return self._fail()

    def end(self):
        if self._tokens:
            self._fail()

    def word(self):
        return self.take("name")

    def field(self):
        kind, name = self._tokens.pop(0) if self._tokens else (None, None)
        if kind == "quoted" or (kind == "name" and name not in RESERVED):
            return name
        raise SyntaxError(f"no field: {name}")

    def order(self):
        return self.next("asc", "desc") or "asc"

    def columns(self):
        columns = [self._column()]
        while self.next(","):
            columns.append(self._column())
        return columns

    def _column(self):
        if self._calls("datefloor"):
            field, span = self._arguments("span")
            seconds, name = int(span[:-1]) * SECONDS[span[-1]], self.need("as") and self.field()
            return name, lambda row: _floor(row[field], seconds)
        name = self.field()
        return name, lambda row: row.get(name)

    def condition(self):
        parts = [self._all()]
        while self.next("or"):
            parts.append(self._all())
        return lambda row: any(part(row) for part in parts)

    def _all(self):
        parts = [self._comparison()]
        while self.next("and"):
            parts.append(self._comparison())
        return lambda row: all(part(row) for part in parts)

    def _comparison(self):
        if self._calls("ispresent"):
            field, _ = self._arguments()
            return lambda row: row.get(field) is not None
        field = self.field()
        if self.next("like"):
            pattern = re.compile(self.take("pattern"))
            return lambda row: pattern.search(str(row.get(field, ""))) is not None
        self.need("=")
        text = self.take("text")
        return lambda row: row.get(field) == text

    def grouped(self, rows):
        aggregates = [self._aggregate()]
        while self.next(","):
            aggregates.append(self._aggregate())
        self.need("by")
        by = [name for name, _ in self.columns()]
        groups = {}
        for row in rows:
            groups.setdefault(tuple(row.get(name) for name in by), []).append(row)
        found = [
            dict(zip(by, values, strict=True)) | {name: of(group) for name, of in aggregates}
            for values, group in groups.items()
        ]
        return found, by + [name for name, _ in aggregates]

    def _aggregate(self):
        function = self.word()
        if function == "count":
            self.need("("), self.need("*"), self.need(")")
            of = len
        elif function == "pct":
            self._calls("pct", called=True)
            field, share = self._arguments("number")
            of = lambda rows: _percentile(_values(rows, field), int(share))  # noqa: E731
        else:
            of_all = {"sum": sum, "max": max}[function]
            self._calls(function, called=True)
            field, _ = self._arguments()
            of = lambda rows: of_all(values) if (values := _values(rows, field)) else None  # noqa: E731
        return self.need("as") and self.field(), of

    def _calls(self, function, called=False):
        if not called:
            following = self._tokens[1:2]
            if self._tokens[0] != ("name", function) or following != [("sign", "(")]:
                return False
            self._tokens.pop(0)
        return self.need("(")

    def _arguments(self, second=None):
        field, value = self.field(), None
        if second:
            self.need(",")
            value = self.take(second)
        self.need(")")
        return field, value

    def _fail(self):
        raise SyntaxError(f"at {self._tokens[:3]}")


def _values(rows, field):
    return [row[field] for row in rows if row.get(field) is not None]


def _percentile(values, share):
    return sorted(values)[max(0, math.ceil(len(values) * share / 100) - 1)] if values else None


def _floor(shown, seconds):
    at = datetime.datetime.fromisoformat(shown).replace(tzinfo=datetime.UTC).timestamp()
    return _shown(datetime.datetime.fromtimestamp(at - at % seconds, datetime.UTC))


def _shown(at):
    return at.strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03}"
