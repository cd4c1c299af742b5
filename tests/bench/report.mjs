// Prints the measurements as a table, and whether each goal is met.

import { inLogin } from './competitors.mjs';

const MEGABYTE = 2 ** 20; // as Lambda counts them
const thousands = (value) => (value === undefined ? '' : Math.round(value).toLocaleString('en'));
const times = (one, other) => `${(one / other).toFixed(2)}x`;

export function print(results) {
  operations(results);
  starts(results);
  sizes(results);
  cost(results);
  floors(results);
  console.log('\nGoals');
  for (const { goal, reached, worst } of goals(results))
    console.log(`  ${reached ? 'reached' : 'MISSED '}  ${goal}: ${worst}`);
}

function table(title, head, rows) {
  const cells = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  console.log(`\n${title}`);
  for (const row of cells) {
    console.log(
      `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  ')}`,
    );
  }
}

function operations({ operations }) {
  const rows = Object.entries(operations).flatMap(
    ([name, { trips, transactionItems, logBytes, function: _, ...all }]) =>
    Object.entries(all).map(([who, { instructions, allocations, bytes, microseconds, memory }]) => [
      `${name} (${trips.length})`, who, thousands(instructions), thousands(allocations), thousands(bytes),
      microseconds.toFixed(0), times(microseconds, all.floor.microseconds), (memory / MEGABYTE).toFixed(1),
    ]), // prettier-ignore
  );
  table(
    'Operations (round trips)',
    ['', '', 'instructions', 'allocations', 'bytes', 'CPU µs', 'of floor', 'peak MB'],
    rows,
  );
}

function starts({ starts, hello }) {
  const row = (name, who, { plain, secure }) => [
    name, who, thousands(plain.instructions), thousands(secure?.instructions), plain.untilPoll.toFixed(1),
    plain.cpu.toFixed(1), plain.firstEvent?.toFixed(1) ?? '', secure?.untilPoll.toFixed(1) ?? '',
    secure?.firstEvent.toFixed(1) ?? '', plain.connections ?? '',
  ]; // prettier-ignore
  const rows = Object.entries(starts).flatMap(([name, all]) =>
    Object.entries(all).map(([who, figures]) => row(name, who, figures)),
  );
  table(
    'Cold starts: to the first poll, and the first event after it',
    ['', '', 'instructions', 'with TLS', 'ms', 'CPU ms', '1st event', 'ms, TLS', '1st, TLS', 'connections'],
    [row('hello', 'floor', { plain: { ...hello, firstEvent: undefined, connections: undefined } }), ...rows],
  );
}

function sizes({ sizes }) {
  const megabytes = (bytes) => (bytes / MEGABYTE).toFixed(2);
  const rows = Object.entries(sizes).map(([name, { binary, zip }]) => [name, megabytes(binary), megabytes(zip)]);
  table('Sizes in MB', ['', 'binary', 'zip'], rows);
}

function cost({ cost }) {
  const kinds = ['lambda', 'gateway', 'table', 'kms', 'logs', 'total'];
  const rows = Object.entries(cost).map(([who, bill]) => [who, ...kinds.map((kind) => bill[kind].toFixed(2))]);
  table('Dollars per million verifications by SMS, three status requests each, without the SMS', ['', ...kinds], rows);
}

function floors({ anchors: { runtime, calls } }) {
  const rows = Object.entries(calls).map(([name, { instructions, allocations, known }]) => [
    name, thousands(instructions), thousands(known), `${((instructions / known - 1) * 100).toFixed(1)} %`, allocations,
  ]); // prettier-ignore
  table(
    `Floors less the runtime (${thousands(runtime.instructions)} instructions), and what the bare calls were known to cost`,
    ['', 'here', 'known', 'apart', 'allocations'],
    rows,
  );
}

/** The goals that the run can tell of. What is compared with floors and peers is what a login waits for. */
export function goals({ operations, starts, sizes }) {
  const found = [];
  const check = (goal, values, limit, worse, unit = 'x') => {
    const entries = Object.entries(values).filter(([, value]) => value !== undefined); // a peer that was left out
    if (entries.length === 0) return;
    const [name, worst] =
      entries.find(([, value]) => !Number.isFinite(value)) ??
      entries.reduce((one, other) => (worse(one[1], other[1]) ? other : one));
    const reached = Number.isFinite(worst) && !worse(limit, worst);
    found.push({ goal, reached, worst: `${worst.toFixed(2)}${unit}, ${name}` });
  };
  const most = (goal, values, limit, unit) => check(goal, values, limit, (one, other) => one < other, unit);
  const least = (goal, values, limit, unit) => check(goal, values, limit, (one, other) => one > other, unit);
  const map = (object, value) =>
    Object.fromEntries(Object.entries(object).map(([name, entry]) => [name, value(entry)]));
  const login = Object.fromEntries(Object.entries(operations).filter(([, { function: of }]) => inLogin(of)));
  const only = (wanted) =>
    Object.fromEntries(Object.entries(login).filter(([name]) => name.startsWith('start') === wanted));
  const ratio = (who, figure) => (all) => all[who] && all.product[figure] / all[who][figure];
  const better = (who, figure) => (all) => all[who] && all[who][figure] / all.product[figure];

  most(
    'instructions of the floor, but of starts, at most 1.10x',
    map(only(false), ratio('floor', 'instructions')),
    1.1,
  );
  most('instructions of the floor, of starts, at most 1.15x', map(only(true), ratio('floor', 'instructions')), 1.15);
  most('allocations of the floor at most 1.15x', map(login, ratio('floor', 'allocations')), 1.15);
  least('CPU time: better than Go', map(login, better('go', 'microseconds')), 1);
  const poll = (who) => (all) => all[who] && all[who].plain.untilPoll / all.product.plain.untilPoll;
  const wake = (who) => (all) => all[who] && all[who].plain.cpu / all.product.plain.cpu;
  least('first poll: better than Go', map(starts, poll('go')), 1);
  least('CPU time until the first poll: better than Go', map(starts, wake('go')), 1);
  const loginStarts = Object.fromEntries(Object.entries(starts).filter(([name]) => inLogin(name)));
  const cold =
    (kind) =>
    ({ product, floor }) =>
      product[kind].instructions / floor[kind].instructions;
  most('cold start of the floor at most 1.15x', map(loginStarts, cold('plain')), 1.15);
  most('cold start of the floor over TLS at most 1.15x', map(loginStarts, cold('secure')), 1.15);
  most(
    'peak memory at most 12 MB',
    map(operations, ({ product }) => product.memory / MEGABYTE),
    12,
    ' MB',
  );
  most(
    'zip at most 3 MB',
    map(sizes, ({ zip }) => zip / MEGABYTE),
    3,
    ' MB',
  );
  return found;
}
