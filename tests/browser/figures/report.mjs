// Prints the results as tables, beside the goals and what was recorded before.

import { compared } from './goals.mjs';

const VISITS = ['empty', 'first', 'repeat'];

export function print(results, recorded) {
  const { loading, pressToApproved, polls, screens } = results;
  table(
    `Until a button works, median of ${loading.loads}, over HTTP/2 (Chromium ${results.chromium})`,
    ['', '', 'ms', 'of empty', 'requests', 'at once', 'kB', "kB of page's", 'kB in all', 'CLS'],
    Object.entries(loading.networks).flatMap(([network, visits]) => VISITS.map((visit) => line(network, visit, visits[visit]))),
  );
  const each = Object.entries(polls).map(([journey, count]) => `${journey} ${count.toFixed(1)}`);
  console.log(`\n# to approved: ${pressToApproved.presses} presses. Polls: ${each.join(', ')}. Screens: ${screens.count}.`);
  for (const [what, found] of Object.entries({ violations: screens.violations, shifts: screens.moved })) {
    for (const [name, value] of Object.entries(found)) console.log(`  ${what} of ${name}: ${value}`);
  }
  table(
    'Goals',
    ['', 'now', 'recorded', 'at most', ''],
    compared(results, recorded).map(({ what, value, before, goal, as, reached }) => [
      what, as(value), as(before), as(goal), reached ? 'reached' : 'MISSED',
    ]), // prettier-ignore
  );
}

function line(network, visit, { ms, ofEmpty, requests, parallel, bytes, pageBytes, allBytes, moved }) {
  const kilobytes = (count) => (count / 1000).toFixed(1);
  return [
    network, visit, ms.toFixed(0), ofEmpty ? `${ofEmpty.toFixed(1)}x` : '', requests, parallel, kilobytes(bytes),
    kilobytes(pageBytes), kilobytes(allBytes), moved.toFixed(3),
  ]; // prettier-ignore
}

function table(title, head, rows) {
  const cells = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  console.log(`\n${title}`);
  for (const row of cells) {
    const padded = row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])));
    console.log(`  ${padded.join('  ').trimEnd()}`);
  }
}
