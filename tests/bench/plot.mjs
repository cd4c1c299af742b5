// bench.svg: CPU time per operation and the time to the first poll, on a logarithmic scale. Shows the product next to its
// floor and its peers, for the functions that have peers.

import { inLogin } from './competitors.mjs';

const COLORS = { floor: '#9aa0a6', product: '#0b57d0', go: '#00838f' };
const WIDTH = 760;
const LABEL = 190;
const BAR = 11;
const GAP = 14;
const TOP = 58;

export function plot({ operations, starts }) {
  const rows = [
    ...Object.entries(operations)
      .filter(([, { function: of }]) => inLogin(of))
      .map(([name, figures]) => [`${name}, µs`, each(figures, ({ microseconds }) => microseconds)]),
    ...Object.entries(starts)
      .filter(([name]) => inLogin(name))
      .map(([name, figures]) => [`${name} to its first poll, ms`, each(figures, ({ plain }) => plain.untilPoll)]),
  ];
  const most = Math.max(...rows.flatMap(([, bars]) => bars.map(([, value]) => value)));
  const length = (value) => ((WIDTH - LABEL - 60) * Math.log10(1 + value)) / Math.log10(1 + most);
  let y = TOP;
  const drawn = rows.map(([label, bars]) => {
    const middle = y + (bars.length * BAR) / 2 + 4;
    const lines = bars.map(([who, value]) => {
      const line =
        `<rect x="${LABEL}" y="${y}" width="${length(value).toFixed(1)}" height="${BAR - 2}" fill="${COLORS[who]}"/>` +
        `<text x="${(LABEL + length(value) + 4).toFixed(1)}" y="${y + BAR - 3}" class="value">${short(value)}</text>`;
      y += BAR;
      return line;
    });
    y += GAP;
    return `<text x="${LABEL - 8}" y="${middle}" text-anchor="end">${label}</text>${lines.join('')}`;
  });
  const legend = Object.entries(COLORS).map(
    ([who, color], index) =>
      `<rect x="${LABEL + index * 90}" y="34" width="10" height="10" fill="${color}"/>` +
      `<text x="${LABEL + 14 + index * 90}" y="43">${who}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" font-family="sans-serif" font-size="12">
<style>.value { font-size: 9px; fill: #444 }</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="${LABEL}" y="20" font-size="14">CPU time per operation, and from the process's start to its first poll (log scale)</text>
${[...legend, ...drawn].join('\n')}
</svg>
`;
}

/** What the competitors of a row have, in the legend's order. */
function each(figures, value) {
  return Object.keys(COLORS)
    .filter((who) => figures[who])
    .map((who) => [who, value(figures[who])]);
}

function short(value) {
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en');
}
