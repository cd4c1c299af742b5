// Compares each operation with baseline.json: round trips must match exactly; instructions, allocations and
// each binary's size may differ by 5 %. `node gate.mjs record` rewrites that file; commit it with the change that
// explains why.

import { readFileSync, writeFileSync } from 'node:fs';

import { product } from './competitors.mjs';
import { OPERATIONS } from './operations.mjs';
import { openSession } from './session.mjs';
import { sizes } from './sizes.mjs';
import { MANY, perEvent } from './valgrind.mjs';

const BASELINE = new URL('baseline.json', import.meta.url);
const TOLERANCE = 0.05;

async function measured() {
  const session = await openSession();
  try {
    const operations = {};
    for (const name of Object.keys(OPERATIONS)) {
      const { operation, trips, events, reset } = await session.stage(name, MANY);
      const figures = await perEvent(
        product(operation.function),
        { ...session.fronts.environment, ...operation.settings },
        events,
        operation.status,
        reset,
      );
      operations[name] = { trips, instructions: figures.instructions, allocations: figures.allocations };
      console.log(
        `${name}: ${trips.join(', ') || 'no calls'}; ${figures.instructions} instructions, ${figures.allocations} allocations`,
      );
    }
    const binaries = Object.entries(sizes()).map(([name, { binary }]) => [name, binary]);
    return { architecture: process.arch, operations, binaries: Object.fromEntries(binaries) };
  } finally {
    await session.close();
  }
}

/** What differs from the baseline by more than it may, in words. Another architecture has other instructions. */
export function differences(baseline, found) {
  const differences = [];
  const alike = baseline.architecture === found.architecture;
  for (const [name, { trips, ...figures }] of Object.entries(found.operations)) {
    const before = baseline.operations[name];
    if (!before) differences.push(`${name} is not in the baseline`);
    else {
      if (trips.join() !== before.trips.join())
        differences.push(`${name} asks for ${trips.join(', ')}; it was ${before.trips.join(', ')}`);
      for (const [figure, value] of Object.entries(figures))
        if (alike || figure === 'allocations') compare(`${name}: ${figure}`, before[figure], value);
    }
  }
  for (const name of Object.keys(baseline.operations))
    if (!found.operations[name]) differences.push(`${name} is in the baseline and was not measured`);
  for (const name of Object.keys(baseline.binaries))
    if (!(name in found.binaries)) differences.push(`${name} is in the baseline and has no binary`);
  for (const [name, bytes] of Object.entries(alike ? found.binaries : {}))
    compare(`${name}: bytes of the binary`, baseline.binaries[name], bytes);
  return differences;

  function compare(what, before, now) {
    const change = now / before - 1;
    if (!(Math.abs(change) <= TOLERANCE)) {
      const direction = change < 0 ? 'shrank: record the better figure' : 'grew';
      differences.push(`${what} ${direction}, from ${before} to ${now} (${(change * 100).toFixed(1)} %)`);
    }
  }
}

if (import.meta.main ?? process.argv[1] === new URL(import.meta.url).pathname) {
  const found = await measured();
  const baseline = JSON.parse(readFileSync(BASELINE, 'utf8'));
  if (process.argv[2] === 'record') {
    if (baseline.architecture !== found.architecture)
      throw new Error(`the baseline is of ${baseline.architecture}: record it there, this is ${found.architecture}`);
    writeFileSync(BASELINE, `${JSON.stringify(found, null, 2)}\n`);
  } else {
    const differing = differences(baseline, found);
    for (const difference of differing) console.error(`  ${difference}`);
    if (baseline.architecture !== found.architecture)
      console.log(`the baseline is of ${baseline.architecture}: here only round trips and allocations are compared`);
    console.log(
      `${Object.keys(found.operations).length} operations and ${Object.keys(found.binaries).length} binaries measured`,
    );
    if (differing.length > 0) {
      console.error('If that is meant, make baseline writes the new figures; the commit says why.');
      process.exitCode = 1;
    }
  }
}
