// Users who each come with their own account and browser context.

import { newAccount } from '../harness/account.mjs';
import { LoginPage } from '../harness/login-page.mjs';

/** Does `act` as a new user. */
export async function visiting({ stack, browser }, act, options = {}) {
  const context = await browser.newContext({ locale: 'en-US', reducedMotion: 'reduce', ...options });
  try {
    return await act({ context, user: newAccount(stack) });
  } finally {
    await context.unrouteAll({ behavior: 'ignoreErrors' });
    await context.close();
  }
}

/** The page's address after the first factor, without a way back, at `url`. */
export async function addressOf(user, url) {
  return `${LoginPage.address({ url }, {})}#token=${await user.token()}`;
}

/** Does `act` for each of `items`, `many` at once, and returns what it returned. */
export async function atOnce(many, items, act) {
  const results = [];
  const queue = [...items.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) results[next[0]] = await act(next[1]);
  };
  await Promise.all(Array.from({ length: many }, worker));
  return results;
}

export function quantile(values, part) {
  return values.toSorted((one, other) => one - other)[Math.ceil(values.length * part) - 1];
}
