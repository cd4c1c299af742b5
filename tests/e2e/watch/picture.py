"""Draws the dashboard's widgets as SVG, from the same queries that CloudWatch would evaluate."""

import math
from html import escape

from .alarms import DAY
from .expressions import Context, computed

COLORS = ("#0b57d0", "#d93025", "#188038", "#e37400", "#8430ce", "#00838f", "#9aa0a6", "#5f6368")
CELL, LINE = 56, 12
WIDTH, CHART, LEFT, TITLE = 6 * CELL, 118, 40, 18
# Half an hour, or what the widget has if that is longer: a picture has fewer pixels than a screen.
COARSEST = 1800
LEGEND = 5


def drawn(widgets, headings, written, day):
    """All widgets with the data of a day."""
    rows = sorted({widget.place[1] for widget in widgets})
    height, drawings, top = 0, [], 4
    for row in rows:
        heading = headings[row - 1].removeprefix("## ")
        drawings.append(f'<text x="8" y="{top + 16}" class="h">{escape(heading)}</text>')
        charts = [_chart(widget, written, day) for widget in widgets if widget.place[1] == row]
        for widget, (lines, body) in zip([each for each in widgets if each.place[1] == row], charts, strict=True):
            drawings.append(f'<g transform="translate({widget.place[0] * CELL + 8} {top + 26})">{body}</g>')
        top += 26 + TITLE + CHART + 18 + LINE * max(lines for lines, _ in charts) + 8
        height = top
    style = (
        "text{font:10px sans-serif;fill:#3c4043}.h{font:bold 14px sans-serif}.t{font:bold 11px sans-serif}"
        "polyline{fill:none;stroke-width:1.3}.g{stroke:#dadce0;fill:none}.n{text-anchor:end}"
    )
    whole = 4 * WIDTH + 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {height}"><style>{style}</style>'
        f'<rect width="{whole}" height="{height}" fill="#fff"/>\n' + "\n".join(drawings) + "\n</svg>\n"
    )


def _chart(widget, written, day):
    """The number of lines of its legend, and the chart."""
    lines = _lines(widget, written, day)
    values = [value for _, series in lines for value in series if value is not None]
    most = _rounded(max(values, default=0) or 1)
    right = WIDTH - LEFT - 24
    parts = [f'<text y="11" class="t">{escape(widget.title)}</text>']
    for share in (0, 0.5, 1):
        y = TITLE + CHART * (1 - share)
        parts.append(f'<path d="M{LEFT} {y:g}h{right}" class="g"/><text x="{LEFT - 4}" y="{y + 3:g}" class="n">{_short(most * share)}</text>')
    for hour in (0, 6, 12, 18, 24):
        parts.append(f'<text x="{LEFT + right * hour / 24:g}" y="{TITLE + CHART + 13}" text-anchor="middle">{hour}:00</text>')
    # The highest on top of the legend; what was never above zero says nothing in a picture.
    lines.sort(key=lambda line: -max((value or 0 for value in line[1]), default=0))
    lines = [line for line in lines if any(line[1])]
    for index, (label, series) in enumerate(lines):
        color = COLORS[index % len(COLORS)]
        parts += [f'<polyline points="{points}" stroke="{color}"/>' for points in _polylines(series, most, right)]
        if index < LEGEND * 2:
            x, y = LEFT + index % 2 * (right // 2), TITLE + CHART + 27 + index // 2 * LINE
            parts.append(f'<path d="M{x} {y - 3}h10" stroke="{color}" stroke-width="2"/><text x="{x + 14}" y="{y}">{escape(label)}</text>')
    parts.append(f'<text x="{WIDTH - 24}" y="11" class="n">{escape(widget.unit)}</text>')
    return max(1, math.ceil(min(len(lines), LEGEND * 2) / 2)), "".join(parts)


def _lines(widget, written, day):
    """The shown series with their labels."""
    period = max(widget.period, COARSEST)
    values = computed(widget.queries, Context(written, range(day * DAY, (day + 1) * DAY), period))
    found = []
    for query in widget.queries:
        value = values[query.id]
        if query.shown and isinstance(value, dict):
            found += [(f"{query.label} {label}".strip(), series) for label, series in value.items()]
        elif query.shown:
            found.append((query.label, value))
    return found


def _polylines(series, most, width):
    """A line for each stretch that has data."""
    step, stretch = width / len(series), []
    for index, value in [*enumerate(series), (0, None)]:
        if value is not None:
            stretch.append((LEFT + (index + 0.5) * step, TITLE + CHART * (1 - min(value, most) / most)))
        elif stretch:
            if len(stretch) == 1:  # a single point would have no length
                [(x, y)] = stretch
                stretch = [(x - 2, y), (x + 2, y)]
            yield " ".join(f"{x:.0f},{y:.0f}" for x, y in stretch)
            stretch = []


def _rounded(value):
    """The next number of the form 1, 2 or 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= value * 0.9999)


def _short(value):
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:.3g}"
