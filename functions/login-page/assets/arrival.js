// Takes the first factor's token out of the address and asks for the challenge's status while the page's script is still
// loading. `handover.js` takes over from here. Only in a window of its own: in a frame nothing is asked before the origin
// of the page around it is checked.

import { keep, keptOf } from './kept.js';
import { askStatus } from './mfa-client.js';

/**
 * @typedef {object} Arrival
 * @property {string | null} target Where the login wants the result.
 * @property {boolean} isPosted Whether that is our own answer page, which Entra gets its answer from.
 * @property {string | null} state
 * @property {string} login Which login it is, for what is kept for a reload.
 * @property {string | null} token
 * @property {import('./phone-field.js').Typed | null} typed The number that was typed before a reload.
 * @property {import('./mfa-client.js').Exchange | null} first
 */

if (parent === window) window.arrival = arrive();

/** @returns {Arrival} */
function arrive() {
  const [query, fragment] = [location.search, location.hash].map((part) => new URLSearchParams(part.slice(1)));
  const target = query.get('redirect_uri');
  const given = fragment.get('token');
  // The state of such a login is Entra's, and as secret as the token: never in a query, and kept beside it.
  const isPosted = target === `${location.origin}/authorize/answer`;
  const login = JSON.stringify([target, isPosted ? null : query.get('state')]);
  // All logins through Entra are kept under one name: what an earlier one left is not this one's.
  const kept = isPosted && given ? null : keptOf(login);
  const typed = kept?.typed ?? null;
  const token = given || (kept?.token ?? null);
  const state = !isPosted ? query.get('state') : given ? fragment.get('state') : (kept?.state ?? null);
  // The history and other scripts must not get it. But the page's script may fail to load, and if storage fails too, only
  // the address brings the token through a reload: it is then removed once that script has started. The status is asked
  // before it is known whether the result may go where this address says: if not, the answer is dropped.
  if (given && keep({ token, login, typed, state })) history.replaceState(null, '', location.pathname + location.search);
  const first = given ? askStatus(given) : null;
  // The page reports what is wrong with the answer.
  if (first) first.heard.then(({ response }) => response.clone().json()).then(preload).catch(() => {});
  return { target, isPosted, state, login, token, typed, first };
}

/** Fetches the second script beside the first one if the first screen is one of its own, such as that for a number. */
function preload({ state, phoneNumber }) {
  if (state === 'none' && phoneNumber) return;
  const href = document.querySelector('script[src]').src.replace('/page.', '/later.');
  document.head.append(Object.assign(document.createElement('link'), { rel: 'modulepreload', href }));
}
