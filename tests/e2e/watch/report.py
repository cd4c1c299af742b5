"""The runbook's table of what fires on which simulated day."""

from .alarms import fires
from .days import FAULT_BEGINS
from .definitions import PARAMETERS, alarms
from .faults import FAULTY, NORMAL


def fired(day):
    """The alarms that fire on the day: by name, the minute and whether it pages."""
    written = day.written()
    parameters = {"AllowedCountries": "US,CA,GB"} | day.parameters
    found = {}
    for name, alarm in alarms(**parameters).items():
        minutes = fires(alarm, written, day.days)
        if minutes:
            found[name] = minutes, alarm.pages
    return found


if __name__ == "__main__":
    import sys, time
    for day in NORMAL + FAULTY:
        t=time.time()
        f=fired(day)
        print(f"{day.name:45} {time.time()-t:.1f}s ", {n:([m-(FAULT_BEGINS if day.fault else 0) for m in ms], 'PAGE' if p else 'ticket') for n,(ms,p) in f.items()})
