"""What must never be logged: collected during the journeys, and searched for in the logs afterwards."""

import base64
import json
import re
import threading

# Shorter values occur by chance.
SHORTEST = 6
# Six digits within a longer run of digits or letters, or after a decimal point, are part of something else: an
# identifier, a digest, a measurement.
CODE = re.compile(r"(?<![0-9A-Za-z.])[0-9]{6}(?![0-9A-Za-z])")


class Confidential:
    """Everything secret or personal that passed through the product."""

    def __init__(self):
        self._lock = threading.Lock()
        self._values = {}

    def add(self, kind, value):
        """Adds a value: a code, a phone number, a token, a body..."""
        if len(value) >= SHORTEST:
            with self._lock:
                self._values.setdefault(kind, set()).add(value)

    def kinds(self):
        return set(self._values)

    def values(self, kind):
        return sorted(self._values[kind])

    def found_in(self, lines):
        """The values that the lines leak, as `(kind, value, line)`."""
        texts = [(line, _readable(line)) for line in lines]
        for kind, values in self._values.items():
            for value in values:
                forms = [form for form in _forms(kind, value) if len(form) >= SHORTEST]
                for line, text in texts:
                    if _codes(text, forms) if kind == "code" else any(form in text for form in forms):
                        yield kind, value, line


def _codes(text, forms):
    return forms[0] in text and forms[0] in CODE.findall(text)


def _forms(kind, value):
    """The forms that a value can take in a log."""
    match kind:
        case "phone number":
            return [value.removeprefix("+1")]
        case "token" | "hint":
            return value.split(".")[1:]  # no part of a JWT may be logged
        case "body":
            return [value, json.dumps(value)[1:-1], base64.b64encode(value.encode()).decode()]
        case _:
            return [value]


def _readable(line):
    """A line without timestamps and random IDs, in which six digits are not a code."""
    try:
        return json.dumps(_without(json.loads(line), {"timestamp", "Timestamp", "requestId"}), ensure_ascii=False)
    except ValueError:
        return line


def _without(value, names):
    if isinstance(value, dict):
        return {name: _without(inner, names) for name, inner in value.items() if name not in names}
    if isinstance(value, list):
        return [_without(inner, names) for inner in value]
    return value
