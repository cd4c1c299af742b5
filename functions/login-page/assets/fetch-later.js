// Fetches `later.js`, the page's second script: the screens after the first one, and the sentences that only they say.
// Nothing of it is needed before a button is pressed, so the first screen doesn't wait for it.

import { renewed } from './kept.js';
import { config, learn } from './text.js';

// Each try has an address of its own, because some browsers remember for good that an address failed.
const address = (/** @type {number} */ tries) => `./later.${config.locale}.js${tries ? `?${tries}` : ''}`;
const DELAYS = [500, 1000, 2000, 4000, 8000];
const TIMEOUT = 10_000;
// How long the user waits for it before the page says that it can't be loaded.
const PATIENCE = 4000;

/** What it exports, once it is there. @type {typeof import('./later.js') | null} */
export let later = null;

/** Whether the last try got that of another build: after a deployment only a new page helps. */
export let isOutdated = false;

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

/** Whether the page can't go on without it. */
export const isNeeded = () => neededAt !== Infinity;

/** The screen that says why it can't be loaded, once the user must be told. */
export function lack() {
  if (later || !isNeeded()) return null;
  if (isOutdated) return 'updated';
  return failures > 0 && performance.now() - neededAt > PATIENCE ? 'unreachable' : null;
}

async function untilThere() {
  while (!later) {
    const script = await inTime(import(address(tries++)));
    isOutdated = script !== null && script.build !== BUILD;
    if (script && !isOutdated) {
      learn(script.sentences);
      renewed();
      later = script;
    } else {
      await pause(DELAYS[failures] ?? DELAYS.at(-1));
      failures += 1;
    }
  }
}

/** Null if it did not load. */
function inTime(loading) {
  const timeout = new Promise((resolve) => setTimeout(resolve, TIMEOUT, null));
  return Promise.race([loading.catch(() => null), timeout]);
}

function pause(delay) {
  return new Promise((resolve) => {
    hurry = resolve;
    setTimeout(resolve, delay);
    addEventListener('online', resolve, { once: true });
  });
}
