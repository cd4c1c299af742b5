// figures.svg: the time until a button works beside an empty page's, each press of #, and the counts, with their goals.

import { COUNTS, OF_EMPTY, PRESS } from './goals.mjs';

const WIDTH = 760;
const LEFT = 245;
const RIGHT = 590;
const BAR = 15;
const ROW = 26;
/** The bars, and where the legend names them. */
const VISITS = {
  empty: [LEFT, 'empty page'],
  repeat: [LEFT + 105, 'repeat visit, files cached'],
  first: [LEFT + 290, 'first visit'],
};

const STYLE = `
svg {
  --back: #fff; --ink: #1f2328; --faint: #59636e; --rule: #d1d9e0;
  --empty: #9aa0a6; --repeat: #6ba1f2; --first: #0b57d0; --goal: #bc4c00;
}
@media (prefers-color-scheme: dark) {
  svg {
    --back: #0d1117; --ink: #e6edf3; --faint: #9198a1; --rule: #30363d;
    --empty: #7d858e; --repeat: #35609f; --first: #6aa5ff; --goal: #f0883e;
  }
}
text { fill: var(--ink); paint-order: stroke; stroke: var(--back); stroke-width: 3px } .faint { fill: var(--faint) } .title { font-size: 14px; font-weight: 600 }
.empty { fill: var(--empty) } .repeat { fill: var(--repeat) } .first { fill: var(--first) }
.dot { fill: var(--first); fill-opacity: .65 }
.rule { stroke: var(--rule) } .goal { stroke: var(--goal); stroke-width: 2.5 }`;

export function plot(results) {
  const page = drawing();
  heading(page, results);
  untilUsable(page, results.loading);
  presses(page, results.pressToApproved);
  counts(page, results);
  return page.svg();
}

/** Collects shapes from top to bottom. */
function drawing() {
  const shapes = [];
  const number = (value) => Number(value.toFixed(1));
  const page = {
    y: 0,
    text(x, y, text, { end, of = '' } = {}) {
      const more = `${of && ` class="${of}"`}${end ? ' text-anchor="end"' : ''}`;
      shapes.push(`<text x="${number(x)}" y="${number(y)}"${more}>${text}</text>`);
    },
    bar(x, y, width, of) {
      const size = `width="${number(Math.max(width, 0.5))}" height="${BAR}" rx="2"`;
      shapes.push(`<rect x="${number(x)}" y="${number(y)}" ${size} class="${of}"/>`);
    },
    line: (x, from, to, of) =>
      shapes.push(`<line x1="${number(x)}" x2="${number(x)}" y1="${number(from)}" y2="${number(to)}" class="${of}"/>`),
    dot: (x, y) => shapes.push(`<circle cx="${number(x)}" cy="${number(y)}" r="3.5" class="dot"/>`),
    title(text) {
      page.y += 34;
      page.text(20, page.y, text, { of: 'title' });
      page.y += 14;
    },
    svg: () => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${page.y + 20}"
  font-family="system-ui, sans-serif" font-size="12">
<style>${STYLE}
</style>
<rect width="100%" height="100%" style="fill: var(--back)"/>
${shapes.join('\n')}
</svg>
`,
  };
  return page;
}

function heading(page, { date, chromium, loading }) {
  page.title('Milliseconds until a button works');
  const run = `${date}, Chromium ${chromium.split('.')[0]}, HTTP/2, median of ${loading.loads}`;
  page.text(WIDTH - 20, page.y - 14, run, { end: true, of: 'faint' });
  page.y += 12;
  for (const [visit, [x, label]] of Object.entries(VISITS)) {
    page.bar(x, page.y - 12, BAR, visit);
    page.text(x + BAR + 6, page.y, label);
  }
  page.line(LEFT + 390, page.y - 15, page.y + 6, 'goal');
  page.text(LEFT + 398, page.y, 'goal');
  page.y += 16;
}

function untilUsable(page, { networks }) {
  const longest = Object.entries(networks).flatMap(([network, { empty, ...visits }]) => (
    [(OF_EMPTY[network] ?? 0) * empty.ms, ...Object.values(visits).map(({ ms }) => ms)]
  ));
  const scale = scaled(Math.max(...longest));
  for (const [network, visits] of Object.entries(networks)) {
    page.text(LEFT - 12, page.y + 1.5 * (BAR + 3) + 3, network, { end: true });
    for (const visit of Object.keys(VISITS)) {
      const { ms, ofEmpty } = visits[visit];
      const goal = visit === 'first' && OF_EMPTY[network];
      page.bar(LEFT, page.y, scale(ms), visit);
      if (goal) page.line(LEFT + scale(goal * visits.empty.ms), page.y - 3, page.y + BAR + 3, 'goal');
      const furthest = Math.max(ms, goal ? goal * visits.empty.ms : 0);
      const said = `${thousands(ms)}${ofEmpty ? `, ${ofEmpty.toFixed(1)}x` : ''}`;
      page.text(LEFT + scale(furthest) + 8, page.y + 12, goal ? `${said} (goal ${goal}x)` : said);
      page.y += BAR + 3;
    }
    page.y += 12;
  }
}

function presses(page, { presses: count, median, p95, seconds }) {
  page.title('Seconds from # on the phone to the approved screen');
  const end = Math.max(1, Math.ceil(Math.max(...seconds) * 2) / 2);
  const scale = scaled(end);
  const top = page.y + 4;
  const bottom = top + 2 * ROW + 46;
  for (let second = 0; second <= end; second += end > 4 ? 1 : 0.5) {
    page.line(LEFT + scale(second), top, bottom, 'rule');
    page.text(LEFT + scale(second) - 9, bottom + 16, second.toFixed(1), { of: 'faint' });
  }
  page.text(LEFT - 12, top + 25, `each of ${count}`, { end: true });
  // Spread over three lanes, so that presses that took equally long don't hide each other.
  const sorted = seconds.toSorted((one, other) => one - other);
  for (const [index, value] of sorted.entries()) page.dot(LEFT + scale(value), top + 8 + (index % 3) * 13);
  page.y = top + 48;
  for (const [name, value] of Object.entries({ median, p95 })) {
    bullet(page, name, { value, goal: PRESS[name], scale, said: `${value.toFixed(2)} (goal ${PRESS[name]})` });
  }
  page.y = bottom + 18;
}

/** A bar with its goal. */
function bullet(page, what, { value, goal, scale, said }) {
  page.text(LEFT - 12, page.y + 12, what, { end: true });
  if (value > 0) page.bar(LEFT, page.y, scale(value), 'first');
  page.line(LEFT + scale(goal), page.y - 3, page.y + BAR + 3, 'goal');
  page.text(LEFT + scale(Math.max(value, goal)) + 8, page.y + 12, said);
  page.y += ROW;
}

function counts(page, results) {
  page.title('Counts');
  page.y += 6;
  for (const { what, goal, of, as } of COUNTS) {
    const value = of(results);
    const scale = scaled(Math.max(value, goal) || 1);
    bullet(page, what, { value, goal, scale, said: `${as(value)} (goal ${as(goal)})` });
  }
  page.y -= 6;
}

function scaled(most) {
  return (value) => ((RIGHT - LEFT) * value) / most;
}

function thousands(value) {
  return Math.round(value).toLocaleString('en');
}
