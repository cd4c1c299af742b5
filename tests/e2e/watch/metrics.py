"""What was written, by metric and minute, and CloudWatch's statistics of it."""

import math
from collections import defaultdict
from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


class Written:
    """The metrics of some days. A sample has a weight, since a thousand polls need not be a thousand samples."""

    def __init__(self):
        self._samples = defaultdict(lambda: defaultdict(list))
        self._series = {}

    def put(self, metric, minute, value=1.0, weight=1):
        self._samples[metric][int(minute)].append((value, weight))

    def copy(self):
        """To write more to, without changing this one."""
        copied = Written()
        for metric, minutes in self._samples.items():
            copied._samples[metric].update({minute: list(samples) for minute, samples in minutes.items()})
        return copied

    def metrics(self):
        return self._samples.keys()

    def series(self, metric, stat, period, minutes):
        """A value for each period of the range `minutes`, and None where nothing was written."""
        key = (metric, stat, period, minutes)
        if key not in self._series:
            written, step = self._samples.get(metric, {}), period // 60
            self._series[key] = [
                statistic([each for minute in range(start, start + step) for each in written.get(minute, ())], stat)
                for start in range(minutes.start, minutes.stop, step)
            ]
        return self._series[key]


def statistic(samples, stat):
    if not samples:
        return None
    match stat:
        case "Sum":
            return sum(value * weight for value, weight in samples)
        case "SampleCount":
            return float(sum(weight for _, weight in samples))
        case "Average":
            return statistic(samples, "Sum") / statistic(samples, "SampleCount")
        case "Maximum":
            return max(value for value, _ in samples)
        case _ if stat.startswith("p"):
            return _percentile(sorted(samples), float(stat[1:]))
    raise ValueError(stat)


def _percentile(samples, percent):
    rank = math.ceil(percent / 100 * sum(weight for _, weight in samples))
    for value, weight in samples:
        rank -= weight
        if rank <= 0:
            return value
    return samples[-1][0]
