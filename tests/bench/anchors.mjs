// Checks the floors against bare SDK calls that were measured separately, before this benchmark existed. Here, a
// call costs what its floor costs minus what the runtime alone costs. The known figures come from a build fully
// optimised for speed, and so do the binaries that are compared with them.

import { readFileSync, writeFileSync } from 'node:fs';

import { FUNCTIONS } from './competitors.mjs';
import { STATE, TARGET } from './fronts.mjs';
import { MANY, perEvent } from './valgrind.mjs';

/** Instructions of one raw SDK call on a current-thread runtime. */
const KNOWN = { UpdateItem: 528_000, GetItem: 489_000, 'TransactWriteItems, Publish': 935_000 };

const FAST = `${TARGET}/anchors/release`;

export async function anchors(session) {
  const { environment } = session.fronts;
  const hello = { command: [`${FAST}/floor-hello`] };
  const found = {};

  const guess = await session.stage('wrong guess', MANY);
  const runtime = await perEvent(hello, environment, guess.events, 200, guess.reset);
  const [{ body: update }] = JSON.parse(readFileSync(guess.requests, 'utf8'));
  const get = { operation: 'GetItem', body: { TableName: update.TableName, Key: update.Key } };
  found.UpdateItem = await cost('verify-code', guess, [{ operation: 'UpdateItem', body: update }]);
  found.GetItem = await cost('verify-code', guess, [get]);

  const start = await session.stage('start sms', MANY);
  const [, transaction, publish] = JSON.parse(readFileSync(start.requests, 'utf8'));
  // The measurement covered a subject and its challenge. The counters of shared limits were added later.
  const { TransactItems: writes } = transaction.body;
  const pair = { ...transaction, body: { TransactItems: [writes.at(0), writes.at(-1)] } };
  found['TransactWriteItems, Publish'] = await cost('start-challenge', start, [pair, publish]);
  return { runtime, calls: found };

  async function cost(name, { events, reset }, requests) {
    const file = `${STATE}/anchor.json`;
    writeFileSync(file, JSON.stringify(requests));
    const program = { command: [`${FAST}/${FUNCTIONS[name].floor}`], environment: { REQUESTS: file } };
    const figures = await perEvent(program, environment, events, 200, reset);
    const calls = requests.map(({ operation }) => operation).join(', ');
    return {
      instructions: figures.instructions - runtime.instructions,
      allocations: figures.allocations - runtime.allocations,
      known: KNOWN[calls],
    };
  }
}
