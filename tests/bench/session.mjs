// The setup that all measurements share: the fronts, the table, the product's functions to prepare people with, and
// for each operation its people, their events and the recording that its floor replays.

import { writeFileSync } from 'node:fs';

import { product, recording } from './competitors.mjs';
import { openFronts } from './fronts.mjs';
import { startLambda } from './lambda.mjs';
import { OPERATIONS, expect, population } from './operations.mjs';
import { openTable } from './table.mjs';
import { operation as named, template } from './template.mjs';

const SWITCHES_ARE_FRESH = 30_000;

export async function openSession() {
  const fronts = await openFronts();
  const table = openTable(fronts.dynamodb, fronts.environment.TABLE_NAME);
  const functions = {};
  /** A function of the product, with settings of its own if it needs any. */
  async function running(name, settings = {}) {
    const log = [name, ...Object.values(settings)].join('-');
    if (!functions[log]) {
      functions[log] = await startLambda(product(name), { ...fronts.environment, ...settings }, { log });
      await functions[log].polled;
    }
    return functions[log];
  }
  const invoke = async (name, event, settings) => (await running(name, settings)).invoke(event);

  return {
    fronts,
    /** Makes the table ready for `count` events of an operation, and says how to make it so again. */
    async stage(name, count) {
      const operation = OPERATIONS[name];
      await running(operation.function, operation.settings); // what it asks for during init is part of no event
      await table.restore([]);
      const people = await population(operation, count, invoke, fronts.taken, fronts.environment.ENTRA_AUTHORITY);
      const items = await table.items();
      for (const person of people) person.items = items.filter(({ phone }) => phone?.S === person.phone);
      const recordings = [];
      const began = Date.now();
      let refreshed = 0;
      fronts.taken();
      for (const person of people) {
        await expect(operation.status, invoke(operation.function, operation.event(person), operation.settings));
        // Refreshing a secret is not part of any operation, and neither is refreshing the switches, beside the first read.
        const { requests } = fronts.taken();
        refreshed += requests.filter(readsSwitches).length;
        recordings.push(requests.filter((request) => request.service !== 'secrets' && !readsSwitches(request)));
      }
      const most = 1 + (Date.now() - began) / SWITCHES_ARE_FRESH;
      if (refreshed > most) throw new Error(`${name} read the switches ${refreshed} times, and may ${most} times`);
      const { requests, values } = template(recordings);
      const file = recording(name);
      writeFileSync(file, JSON.stringify(requests));
      return {
        operation,
        requests: file,
        /** The requests of one event, in order. */
        trips: recordings[0].map(named),
        /** How many items its transactions write, in all. */
        transactionItems: recordings[0].reduce((sum, request) => sum + written(request), 0),
        /** The events, each with what a floor needs: all who are measured get the same. */
        events: people.map((person, index) => () => {
          const event = operation.event(person);
          if (!event.headers) return { ...event, 'x-values': values[index] };
          return { ...event, headers: { ...event.headers, 'x-values': ascii(values[index]) } };
        }),
        reset: () => table.restore(items),
      };
    },
    async close() {
      for (const lambda of Object.values(functions)) await lambda.stop();
      fronts.close();
      table.close();
    },
  };
}

function readsSwitches(request) {
  return named(request) === 'Query' && request.body.includes('"switches"');
}

function written(request) {
  return named(request) === 'TransactWriteItems' ? JSON.parse(request.body).TransactItems.length : 0;
}

/** JSON that a header can carry. */
function ascii(values) {
  return JSON.stringify(values).replace(
    /[^ -~]/g,
    (other) => `\\u${other.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
