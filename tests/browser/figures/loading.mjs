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

export async function loading(stage) {
  const visits = await openVisits(stage);
  try {
    const rows = {};
    for (const [name, network] of Object.entries(NETWORKS)) {
      await visits.once(network); // not counted: it warms everything up
      const loads = [];
      while (loads.length < LOADS) loads.push(await visits.once(network));
      rows[name] = row(loads);
    }
    return { loads: LOADS, networks: rows };
  } finally {
    await visits.close();
  }
}

/** A browser, and HTTP/2 in front of the page and of the empty one. */
export async function openVisits({ stack, backend }) {
  const identity = certificate();
  const browser = await launch([identity.trust]);
  const fronts = { page: await openFront(stack.url, identity), empty: await openFront(backend.origin, identity) };
  const connecting = (context, url, options) => {
    for (const front of Object.values(fronts)) front.hangUp();
    return visit(context, url, options);
  };
  return {
    /** A new user's first and repeat visit, after one to the empty page. */
    once: (network) => visiting({ stack, browser }, async ({ context, user }) => {
      const page = await addressOf(user, fronts.page.url);
      return {
        empty: await connecting(context, `${fronts.empty.url}/empty`, { ...EMPTY, network }),
        first: await connecting(context, page, { ...USABLE, network }),
        repeat: await connecting(context, page, { ...USABLE, network }),
      };
    }),
    async close() {
      await browser.close();
      for (const front of Object.values(fronts)) await front.close();
    },
  };
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
    allBytes: worst('allBytes'),
    moved: worst('moved'),
  };
}
