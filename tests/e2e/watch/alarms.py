"""When an alarm fires."""

from .expressions import Context, computed

DAY = 1440


def breaching(alarm, written, minutes, absent=None):
    """For each period whether its value breaches the threshold."""
    values = computed(alarm.queries, Context(written, minutes, alarm.period, absent))
    [watched] = [query.id for query in alarm.queries if query.shown and query.id != alarm.band]
    if alarm.band:
        assert alarm.comparison == "LessThanLowerThreshold"
        limits = zip(values[watched], values[alarm.band][0], strict=True)
        return [None not in point and point[0] < point[1] for point in limits]
    if alarm.comparison == "LessThanThreshold":
        return [alarm.silence_breaches if value is None else value < float(alarm.threshold) for value in values[watched]]
    assert alarm.comparison == "GreaterThanOrEqualToThreshold" and not alarm.silence_breaches
    return [value is not None and value >= float(alarm.threshold) for value in values[watched]]


def fires(alarm, written, days, absent=None):
    """The minutes of the last day at which the alarm goes off: at the end of a period, M of N breached."""
    last = range((days - 1) * DAY, days * DAY)
    minutes = range(0, last.stop) if alarm.band else last
    breached = breaching(alarm, written, minutes, absent)
    on = [sum(breached[max(0, end - alarm.evaluated) : end]) >= alarm.breaching for end in range(1, len(breached) + 1)]
    step = alarm.period // 60
    ends = [minutes.start + (index + 1) * step - last.start for index, now in enumerate(on) if now and not (index and on[index - 1])]
    return [minute for minute in ends if minute > 0]
