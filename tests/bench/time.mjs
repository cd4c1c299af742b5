// Measures what depends on the machine and is compared only within one run: CPU time per event, taking turns on the
// same core, and how long a process takes until it asks for its first event.

import { expect } from './operations.mjs';
import { startLambda } from './lambda.mjs';

const ROUNDS = 5;
const WARM_UP = 30;

/** @returns {Record<string, {microseconds: number, memory: number}>} the median round of each program, and its peak memory */
export async function cpuPerEvent(programs, environment, { events, operation, reset }) {
  const running = {};
  for (const [name, program] of Object.entries(programs)) {
    running[name] = { lambda: await startLambda(program, environment, { log: `bench-${name}` }), rounds: [] };
    await running[name].lambda.polled;
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, { lambda, rounds }] of Object.entries(running)) {
      await reset();
      const status = name === 'floor' ? 200 : operation.status;
      for (const event of events.slice(0, WARM_UP)) await expect(status, lambda.invoke(event()));
      const before = lambda.cpu();
      for (const event of events.slice(WARM_UP)) await expect(status, lambda.invoke(event()));
      rounds.push((lambda.cpu() - before) / (events.length - WARM_UP) / 1000);
    }
  }
  const figures = {};
  for (const [name, { lambda, rounds }] of Object.entries(running)) {
    figures[name] = { microseconds: quantile(rounds, 1 / 2), memory: lambda.peakMemory() };
    await lambda.stop();
  }
  return figures;
}

/**
 * The first quartile of each program's starts, in turns, as whatever else the machine does only adds: to the first poll, in milliseconds, the CPU time until then, and the first
 * event.
 * @param events by program `{ event, status }`, and how to make the table ready for it; none where none is to be answered
 */
export async function coldStarts(programs, environment, starts, { events, reset, taken } = {}) {
  const found = {};
  for (const name of Object.keys(programs)) found[name] = { untilPoll: [], cpu: [], firstEvent: [], connections: [] };
  for (let start = 0; start < starts; start += 1) {
    const turns = Object.entries(programs);
    for (const [name, program] of [...turns.slice(start % turns.length), ...turns.slice(0, start % turns.length)]) {
      await reset?.();
      taken?.();
      const lambda = await startLambda(program, environment, { log: 'cold', pinned: false });
      found[name].untilPoll.push(await lambda.polled);
      found[name].cpu.push(lambda.cpu() / 1e6);
      if (events) {
        const { event, status } = events[name];
        const began = performance.now();
        await expect(status, lambda.invoke(event()));
        found[name].firstEvent.push(performance.now() - began);
        found[name].connections.push(taken().connections);
      }
      await lambda.stop();
    }
  }
  const each = (object, value) => Object.fromEntries(Object.entries(object).map(([name, all]) => [name, value(all)]));
  return each(found, (figures) => each(figures, (all) => quantile(all, 1 / 4)));
}

function quantile(values, part) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length * part)];
}
