// How long the first screen takes until a button works, and what it requests: on each network the page beside an empty
// one, in turns, at a first visit and at a later one with the files in the browser's cache. All over HTTP/2, each visit on
// a connection of its own.

import { launch } from '../harness/browser.mjs';
import { certificate, openFront } from '../harness/front.mjs';
import { NETWORKS, visit } from '../harness/visit.mjs';
import { wordsOf } from '../harness/words.mjs';
import { addressOf, quantile, visiting } from './visitors.mjs';

const LOADS = 15;

export const USABLE = { selector: 'button', text: wordsOf('en')['channel.sms'] };
const EMPTY = { selector: 'h1', text: 'Empty' };

export async function loading({ stack, backend }) {
  const identity = certificate();
  const browser = await launch([identity.trust]);
  const fronts = { page: await openFront(stack.url, identity), empty: await openFront(backend.origin, identity) };
  const connected = async (context, url, what) => {
    for (const front of Object.values(fronts)) front.hangUp();
    return visit(context, url, what);
  };
  const once = (network) => visiting({ stack, browser }, async ({ context, user }) => {
    const page = await addressOf(user, fronts.page.url);
    return {
      empty: await connected(context, `${fronts.empty.url}/empty`, { ...EMPTY, network }),
      first: await connected(context, page, { ...USABLE, network }),
      repeat: await connected(context, page, { ...USABLE, network }),
    };
  });

  try {
    const rows = {};
    for (const [name, network] of Object.entries(NETWORKS)) {
      await once(network); // not counted: it warms everything up
      const loads = [];
      while (loads.length < LOADS) loads.push(await once(network));
      rows[name] = row(loads);
    }
    return { loads: LOADS, networks: rows };
  } finally {
    await browser.close();
    for (const front of Object.values(fronts)) await front.close();
  }
}

function row(loads) {
  const all = ['empty', 'first', 'repeat'].map((name) => [name, summary(loads.map((load) => load[name]))]);
  const row = Object.fromEntries(all);
  for (const visited of [row.first, row.repeat]) visited.ofEmpty = visited.ms / row.empty.ms;
  return row;
}

/** The median time, and the worst of everything that should be the same each time. */
function summary(visits) {
  const worst = (name) => Math.max(...visits.map((visited) => visited[name]));
  return {
    ms: quantile(visits.map(({ ms }) => ms), 1 / 2),
    requests: worst('requests'),
    parallel: worst('parallel'),
    bytes: worst('bytes'),
    pageBytes: worst('pageBytes'),
    moved: worst('moved'),
  };
}
