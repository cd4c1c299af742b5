"""What fires on each simulated day: the runbook's table and picture. `python -m watch.report` writes both anew."""

import functools
from pathlib import Path

from .alarms import fires
from .days import FAULT_BEGINS
from .definitions import PARAMETERS, alarms, dashboard, headings, widgets
from .faults import FAULTY, NORMAL, PICTURED
from .picture import drawn

INFRA = Path(__file__).parents[3] / "infra"
RUNBOOK, PICTURE = INFRA / "RUNBOOK.md", INFRA / "dashboard.svg"
BEGIN, END = "<!-- fires:begin -->\n", "<!-- fires:end -->"


@functools.cache
def first_fired(name):
    """The alarms that fire on the day of this name, and the minute of the day at which each first does."""
    [day] = [day for day in (*NORMAL, *FAULTY, PICTURED) if day.name == name]
    written = day.written()
    fired = {alarm.name: fires(alarm, written, day.days) for alarm in deployed(day).values()}
    return {name: minutes[0] for name, minutes in fired.items() if minutes}


def deployed(day):
    return alarms(AllowedCountries="US,CA,GB", **day.parameters)


def table():
    """A row for each day: its pages and its tickets, in the order in which they come."""
    rows = ["| Day | Pages | Tickets |", "|---|---|---|"]
    rows.append(f"| {'; '.join(day.name for day in NORMAL)} | – | – |")
    for day in FAULTY:
        known = sorted(first_fired(day.name).items(), key=lambda each: (each[1], each[0]))
        kinds = [
            ", ".join(f"`{name}` {minute - FAULT_BEGINS}" for name, minute in known if deployed(day)[name].pages == pages) or "–"
            for pages in (True, False)
        ]
        rows.append(f"| {day.name} | {' | '.join(kinds)} |")
    return "\n".join(rows) + "\n"


def picture():
    """The dashboard, with the data of one of the days."""
    body = dashboard(**PARAMETERS | PICTURED.parameters)
    return drawn(widgets(body), headings(body), PICTURED.written(), PICTURED.number)


def with_table(text):
    before, rest = text.split(BEGIN)
    return before + BEGIN + "\n" + table() + "\n" + END + rest.split(END, 1)[1]


if __name__ == "__main__":
    RUNBOOK.write_text(with_table(RUNBOOK.read_text()))
    PICTURE.write_text(picture())
