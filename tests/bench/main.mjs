// `make bench`: measures every operation and function next to its floor and its peers, in one run. Prints a table with
// the goals, and writes results.json and bench.svg. WITHOUT=go leaves the peer out.

import { readFileSync, statSync, writeFileSync } from 'node:fs';

import { FUNCTIONS, LANGUAGES, RELEASE, floor, peers, product } from './competitors.mjs';
import { costPerMillion } from './cost.mjs';
import { STATE } from './fronts.mjs';
import { OPERATIONS } from './operations.mjs';
import { plot } from './plot.mjs';
import { anchors } from './anchors.mjs';
import { print } from './report.mjs';
import { openSession } from './session.mjs';
import { sizes } from './sizes.mjs';
import { coldStarts, cpuPerEvent } from './time.mjs';
import { MANY, perEvent, untilFirstPoll } from './valgrind.mjs';

const COUNT = 150;
const STARTS = 11;
const without = (process.env.WITHOUT ?? '').split(',').filter(Boolean);
const unknown = without.filter((language) => !LANGUAGES[language]);
if (unknown.length > 0) throw new Error(`WITHOUT=${unknown}: there are ${Object.keys(LANGUAGES)}`);

async function operation(session, name) {
  console.error(`${name}: instructions and allocations`);
  const few = await session.stage(name, MANY);
  const environment = { ...session.fronts.environment, ...few.operation.settings };
  const { function: of, status } = few.operation;
  const counted = {
    product: await perEvent(product(of), environment, few.events, status, few.reset),
    floor: await perEvent(floor(of, environment, few.requests), environment, few.events, 200, few.reset),
  };
  console.error(`${name}: CPU time`);
  const many = await session.stage(name, COUNT);
  const programs = {
    product: product(of),
    floor: floor(of, environment, many.requests),
    ...(many.operation.hasPeers === false ? {} : peers(of, without)),
  };
  const timed = await cpuPerEvent(programs, environment, many);
  const logBytes = Math.round(statSync(`${STATE}/bench-product.log`).size / (5 * COUNT));
  const { trips, transactionItems } = many;
  const figures = Object.fromEntries(Object.keys(timed).map((who) => [who, { ...counted[who], ...timed[who] }]));
  return { function: of, trips, transactionItems, logBytes, ...figures };
}

async function start(session, of) {
  console.error(`${of}: cold start`);
  const name = Object.keys(OPERATIONS).find((name) => OPERATIONS[name].function === of);
  const { fronts } = session;
  const { operation, events, requests, reset } = await session.stage(name, 2);
  const programs = { product: product(of), floor: floor(of, fronts.environment, requests), ...peers(of, without) };
  const status = (who) => (who === 'floor' ? 200 : operation.status);
  const first = {
    events: Object.fromEntries(Object.keys(programs).map((who) => [who, { event: events[0], status: status(who) }])),
    reset,
    taken: fronts.taken,
  };
  const plain = await coldStarts(programs, fronts.environment, STARTS, first);
  const secure = await coldStarts(programs, fronts.secure, STARTS, first);
  const figures = Object.fromEntries(
    Object.keys(programs).map((who) => [who, { plain: plain[who], secure: secure[who] }]),
  );
  // Without the requests to replay: reading them is not part of starting up.
  for (const [who, program] of Object.entries({ product: product(of), floor: floor(of, fronts.environment) })) {
    Object.assign(figures[who].plain, await untilFirstPoll(program, fronts.environment));
    Object.assign(figures[who].secure, await untilFirstPoll(program, fronts.secure));
  }
  return figures;
}

const session = await openSession();
try {
  const operations = {};
  for (const name of Object.keys(OPERATIONS)) operations[name] = await operation(session, name);
  const starts = {};
  for (const of of Object.keys(FUNCTIONS)) starts[of] = await start(session, of);
  const hello = { command: [`${RELEASE}/floor-hello`] };
  const { hello: woken } = await coldStarts({ hello }, session.fronts.environment, STARTS);
  const cost = {};
  for (const who of ['product', ...Object.keys(LANGUAGES).filter((language) => !without.includes(language))]) {
    cost[who] = costPerMillion(operations, who);
  }
  const results = {
    processor: /model name\s*: (.*)/.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1],
    anchors: await anchors(session),
    hello: { ...woken, ...(await untilFirstPoll(hello, {})) },
    operations,
    starts,
    sizes: sizes(),
    cost,
  };
  writeFileSync(new URL('results.json', import.meta.url), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(new URL('bench.svg', import.meta.url), plot(results));
  print(results);
} finally {
  await session.close();
}
