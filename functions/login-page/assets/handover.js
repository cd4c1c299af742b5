// How the first factor's token gets here and how the result gets back: by redirect, in the URL fragment; by messages between
// a frame and the page around it; or, for Entra, by a form posted to our own answer page. None of it is ever put into a
// query string, which servers and proxies log.

import { h } from './dom.js';
import { keep, keptOf } from './kept.js';
import { config } from './text.js';

const MESSAGE = 'alliance-mfa:';

const READY_FIRST = 250;
const READY_LAST = 2000;
// Before the button can post an answer again that is still on its way.
const POSTING = 10_000;

/**
 * @typedef {object} Handover
 * @property {'redirect' | 'frame' | 'alone'} way
 * @property {string | null} token Null if the page was opened without one.
 * @property {import('./phone-field.js').Typed | null} typed The number that was typed before a reload.
 * @property {string} [locale]
 * @property {import('./mfa-client.js').Exchange | null} [first] The first status, asked while the page loaded.
 * @property {boolean} misdirected The redirect URI is not one of the deployment's.
 * @property {(typed: import('./phone-field.js').Typed) => void} remember Keeps a typed number for a reload.
 * @property {() => void} reload Begins again, with what is kept.
 * @property {boolean} isApp Whether the result goes to an app, which a browser opens only when the user presses something.
 * @property {(resultToken: string) => void} finish Returns the result.
 * @property {(() => void) | null} cancel Returns without a result, if there is somewhere to return to.
 */

/** @returns {Promise<Handover>} */
export function receive() {
  return globalThis.parent === globalThis.window ? Promise.resolve(byAddress()) : byMessage();
}

/** @returns {Handover} */
function byAddress() {
  const { target, isPosted, state, login, token, typed, first } = arrived();
  // An exact comparison: anyone who could choose where the result goes could sign in with it.
  const allowed = target !== null && (isPosted ? config.entra === true : config.redirectUris.includes(target));

  const leave = (/** @type {Record<string, string>} */ answer) => {
    const fields = { ...answer, ...(state !== null && { state }) };
    if (isPosted) return submit(target, { first_factor_token: token, ...fields });
    keep(null);
    location.replace(`${target}#${new URLSearchParams(fields)}`);
  };
  // The login may send this tab here again with only the fragment changed, which does not load the page.
  addEventListener('hashchange', () => {
    if (isGiven()) location.reload();
  });
  return {
    way: allowed ? 'redirect' : 'alone',
    token,
    typed,
    first,
    misdirected: target !== null && !allowed,
    isApp: allowed && !/^https?:/.test(target),
    remember: (typed) => keep({ token, login, typed, state }),
    reload() {
      if (token && keptOf(login)?.token !== token) {
        history.replaceState(null, '', `#${new URLSearchParams({ token, ...(isPosted && { state }) })}`);
      }
      location.reload();
    },
    finish: (resultToken) => (allowed ? leave({ result_token: resultToken }) : keep(null)),
    cancel: allowed ? () => leave({ error: 'access_denied' }) : null,
  };
}

let submittedAt = -Infinity;

/**
 * Posts a form. If the network fails then, the browser shows its own page, whose reload posts the form again; so it is not
 * even tried while the browser knows that there is none. A request that tests the network first would take as long as the
 * form and prove nothing.
 */
function submit(action, fields) {
  if (!navigator.onLine) return addEventListener('online', () => submit(action, fields), { once: true });
  if (performance.now() - submittedAt < POSTING) return;
  submittedAt = performance.now();
  keep(null);
  const inputs = Object.entries(fields).map(([name, value]) => h('input', { type: 'hidden', name, value }));
  const form = h('form', { method: 'post', action, hidden: true }, inputs);
  document.body.append(form);
  form.submit();
}

const isGiven = () => new URLSearchParams(location.hash.slice(1)).has('token');

/** What `arrival.js` has found. From here on no other script finds the token, in the window or in the address. */
function arrived() {
  /** @type {import('./arrival.js').Arrival} */
  const arrival = globalThis.arrival;
  delete globalThis.arrival;
  if (isGiven()) history.replaceState(null, '', location.pathname + location.search);
  return arrival;
}

/** Only talks to the page directly around this one, and only if its origin is allowed. */
function byMessage() {
  const around = globalThis.parent;
  // If the browser says which origin is around us, messages to the others would only cause console errors.
  const known = location.ancestorOrigins?.[0];
  const origins = config.frameAncestors.filter((origin) => known === undefined || origin === known);
  const post = (message, origin) => around.postMessage({ ...message, type: MESSAGE + message.type }, origin);

  return new Promise((resolve) => {
    const hear = ({ source, origin, data }) => {
      if (source !== around || !origins.includes(origin) || data?.type !== `${MESSAGE}token`) return;
      if (typeof data.token !== 'string') return;
      removeEventListener('message', hear);
      clearTimeout(repeating);
      tellHeight((height) => post({ type: 'height', height }, origin));
      resolve({
        way: 'frame',
        token: data.token,
        typed: null,
        locale: data.locale,
        misdirected: false,
        isApp: false,
        remember() {},
        reload: () => location.reload(),
        finish: (resultToken) => post({ type: 'result', resultToken, state: data.state }, origin),
        cancel: () => post({ type: 'cancel', state: data.state }, origin),
      });
    };
    let repeating;
    // The page around us may only listen later.
    const offer = (delay) => {
      for (const origin of origins) post({ type: 'ready' }, origin);
      repeating = setTimeout(offer, delay, Math.min(2 * delay, READY_LAST));
    };
    addEventListener('message', hear);
    document.documentElement.dataset.framed = '';
    offer(READY_FIRST);
  });
}

function tellHeight(tell) {
  const page = document.querySelector('.page');
  new ResizeObserver(() => tell(Math.ceil(page.getBoundingClientRect().height))).observe(page);
}
