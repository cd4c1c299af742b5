// What the page may cost, and whether results keep to it. Times are compared within one run only, so they are shown beside
// their goals rather than tested.

/** What a first visit takes at most: any run finds the same. */
export const FIRST_VISIT = { requests: 4, parallel: 2, bytes: 20_000, moved: 0 };
/** How many times an empty page's time until usable, by network. */
export const OF_EMPTY = { 'RTT 150 ms, 1.6 Mb/s': 2.5, 'RTT 400 ms, 0.4 Mb/s': 2.8 };
/** Seconds from # to the approved screen. */
export const PRESS = { median: 0.35, p95: 0.7 };
/** Allowed for a repeat visit, because two runs of the same build differ by about this much. */
const NOISE = 1.1;

const times = (value) => `${value.toFixed(1)}x`;
const seconds = (value) => `${value.toFixed(2)} s`;
const kilobytes = (value) => `${(value / 1000).toFixed(1)} kB`;
const whole = (value) => String(Math.round(value));

const networks = ({ loading }) => Object.values(loading.networks);
const worst = (figure) => (results) => Math.max(...networks(results).map(({ first }) => first[figure]));
const shift = (results) => {
  const visits = networks(results).flatMap(({ first, repeat }) => [first.moved, repeat.moved]);
  return Math.max(...visits, ...Object.values(results.screens.moved));
};
const violations = ({ screens }) => Object.values(screens.violations).reduce((all, count) => all + count, 0);

/**
 * @typedef {object} Goal
 * @property {string} what
 * @property {number} goal The most that it may be.
 * @property {(results: any) => number} of
 * @property {(value: number) => string} as
 */

/** @type {Goal[]} */
export const COUNTS = [
  { what: 'requests until usable, API included', goal: FIRST_VISIT.requests, of: worst('requests'), as: whole },
  { what: "at once to the page's function", goal: FIRST_VISIT.parallel, of: worst('parallel'), as: whole },
  { what: 'over the wire until usable', goal: FIRST_VISIT.bytes, of: worst('bytes'), as: kilobytes },
  { what: 'polls per login, mean', goal: 6, of: ({ polls }) => polls.mean, as: (value) => value.toFixed(1) },
  { what: 'layout shift of first screens (CLS)', goal: FIRST_VISIT.moved, of: shift, as: (value) => (value ? value.toFixed(3) : '0') },
  { what: 'axe violations on all screens', goal: 0, of: violations, as: whole },
];

/** @type {Goal[]} */
const TIMES = [
  ...Object.entries(OF_EMPTY).map(([network, goal]) => (
    { what: `usable, ${network}, of an empty page`, goal, of: usable(network, 'first'), as: times }
  )),
  ...Object.entries(PRESS).map(([name, goal]) => (
    { what: `# to the approved screen, ${name}`, goal, of: ({ pressToApproved }) => pressToApproved[name], as: seconds }
  )),
];

/** Each goal with its value, and the value that was recorded before. A repeat visit must not be slower than that. */
export function compared(results, recorded) {
  const repeats = Object.keys(results.loading.networks).map((network) => {
    const of = usable(network, 'repeat');
    return { what: `usable again, ${network}, of an empty page`, goal: of(recorded) * NOISE, of, as: times };
  });
  return [...COUNTS, ...TIMES, ...repeats].map((goal) => {
    const value = goal.of(results);
    return { ...goal, value, before: goal.of(recorded), reached: value <= goal.goal };
  });
}

function usable(network, visit) {
  return ({ loading }) => loading.networks[network][visit].ofEmpty;
}
