// Measures what does not depend on how busy the machine is: instructions (callgrind) and allocations (DHAT). A run of
// many events minus a run of few leaves out startup, the first connections and everything else done only once.

import { expect } from './operations.mjs';
import { STATE } from './fronts.mjs';
import { startLambda } from './lambda.mjs';

const FEW = 20;
export const MANY = 120;

const TOOLS = {
  callgrind: { options: [`--callgrind-out-file=${STATE}/callgrind.out`], found: /Collected : (?<instructions>\d+)/ },
  dhat: {
    options: ['--dhat-out-file=/dev/null'],
    found: /Total: +(?<bytes>[\d,]+) bytes in (?<allocations>[\d,]+) blocks/,
  },
};

/** Instructions, allocations and bytes of one event, of which `events` has at least `MANY`. */
export async function perEvent(program, environment, events, status, again) {
  const figures = {};
  for (const tool of Object.keys(TOOLS)) {
    await again();
    const few = await run(tool, program, environment, events.slice(0, FEW), status);
    await again();
    const many = await run(tool, program, environment, events.slice(0, MANY), status);
    for (const name of Object.keys(few)) figures[name] = Math.round((many[name] - few[name]) / (MANY - FEW));
  }
  return figures;
}

/** Instructions, allocations and bytes from the process's start to its first poll. */
export async function untilFirstPoll(program, environment) {
  return { ...(await run('callgrind', program, environment, [])), ...(await run('dhat', program, environment, [])) };
}

async function run(tool, program, environment, events, status) {
  const { options, found } = TOOLS[tool];
  const lambda = await startLambda(program, environment, {
    under: ['valgrind', `--tool=${tool}`, ...options],
    log: tool,
  });
  let report;
  try {
    await lambda.polled;
    for (const event of events) await expect(status, lambda.invoke(event()));
  } finally {
    report = await lambda.stop();
  }
  const figures = found.exec(report)?.groups;
  if (!figures) throw new Error(`${tool} did not report: ${report.slice(-500)}`);
  return Object.fromEntries(Object.entries(figures).map(([name, text]) => [name, Number(text.replaceAll(',', ''))]));
}
