// Fetches `later.js`, the page's second script: the screens after the first one, and the sentences that only they say.
// Nothing of it is needed before a button is pressed, so the first screen doesn't wait for it.

import { config, learn } from './text.js';

// Each try has an address of its own, because some browsers remember for good that an address failed.
const address = (/** @type {number} */ tries) => `./later.${config.locale}.js${tries ? `?${tries}` : ''}`;
const DELAYS = [500, 1000, 2000, 4000, 8000];
const TIMEOUT = 10_000;
// How long the user waits for it before the page says that it can't be loaded.
const PATIENCE = 4000;

/** What it exports, once it is there. @type {typeof import('./later.js') | null} */
export let later = null;

let tries = 0;
let failures = 0;
let neededAt = Infinity;
/** @type {Promise<void> | null} */
let fetching = null;
/** Ends the pause before the next try. */
let hurry = () => {};

/** Resolves once it is there, however often that must be tried. */
export const fetchLater = () => (fetching ??= untilThere());

/** As `fetchLater`, where the page can't go on without it. */
export function needLater() {
  if (neededAt === Infinity) {
    neededAt = performance.now();
    failures = 0;
    hurry();
  }
  return fetchLater();
}

/** Whether the user must be told that it can't be loaded. */
export const isLacking = () => !later && failures > 0 && performance.now() - neededAt > PATIENCE;

async function untilThere() {
  while (!later) {
    try {
      later = await inTime(import(address(tries++)));
    } catch {
      await pause(DELAYS[failures] ?? DELAYS.at(-1));
      failures += 1;
    }
  }
}

/** Of the same build as this script: after a deployment it may be that of another. */
async function inTime(loading) {
  const timeout = new Promise((_, reject) => setTimeout(reject, TIMEOUT));
  const script = await Promise.race([loading, timeout]);
  if (script.build !== BUILD) throw new Error('the second script is of another version');
  learn(script.sentences);
  return script;
}

function pause(delay) {
  return new Promise((resolve) => {
    hurry = resolve;
    setTimeout(resolve, delay);
    addEventListener('online', resolve, { once: true });
  });
}
