// How the first factor's token gets here and how the result gets back: by redirect, in the URL fragment, or by messages
// between a frame and the page around it. Neither is ever put into a query string, which servers and proxies log.

import { config } from './text.js';

const KEPT = 'alliance-mfa';
const MESSAGE = 'alliance-mfa:';

const READY_FIRST = 250;
const READY_LAST = 2000;

// Only a reload needs what is stored. If the browser blocks storage or has no room, the user has to sign in again then.
const storage = {
  read() {
    try {
      return JSON.parse(sessionStorage.getItem(KEPT) ?? 'null');
    } catch {
      return null;
    }
  },
  /** @param {object | null} kept */
  write(kept) {
    try {
      if (kept) sessionStorage.setItem(KEPT, JSON.stringify(kept));
      else sessionStorage.removeItem(KEPT);
    } catch {
      // Nothing is stored.
    }
  },
};

/**
 * @typedef {object} Handover
 * @property {'redirect' | 'frame' | 'alone'} way
 * @property {string | null} token Null if the page was opened without one.
 * @property {import('./phone-field.js').Typed | null} typed The number that was typed before a reload.
 * @property {string} [locale]
 * @property {boolean} misdirected The redirect URI is not one of the deployment's.
 * @property {(typed: import('./phone-field.js').Typed) => void} remember Keeps a typed number for a reload.
 * @property {(resultToken: string) => void} finish Returns the result.
 * @property {(() => void) | null} cancel Returns without a result, if there is somewhere to return to.
 */

/** @returns {Promise<Handover>} */
export function receive() {
  return globalThis.parent === globalThis.window ? Promise.resolve(byAddress()) : byMessage();
}

/** @returns {Handover} */
function byAddress() {
  const query = new URLSearchParams(location.search);
  const target = query.get('redirect_uri');
  const state = query.get('state');
  const login = JSON.stringify([target, state]);
  const kept = keptOf(login);
  const token = scrubbed() ?? kept?.token ?? null;
  // An exact comparison: anyone who could choose where the result goes could sign in with it.
  const allowed = target !== null && config.redirectUris.includes(target);
  const keep = (typed) => token && storage.write({ token, login, typed });
  keep(kept?.typed ?? null);

  const leave = (/** @type {Record<string, string>} */ answer) => {
    storage.write(null);
    location.replace(`${target}#${new URLSearchParams({ ...answer, ...(state !== null && { state }) })}`);
  };
  // The login may send this tab here again with only the fragment changed, which does not load the page.
  addEventListener('hashchange', () => {
    if (location.hash.startsWith('#token=')) location.reload();
  });
  return {
    way: allowed ? 'redirect' : 'alone',
    token,
    typed: kept?.typed ?? null,
    misdirected: target !== null && !allowed,
    remember: keep,
    finish: (resultToken) => (allowed ? leave({ result_token: resultToken }) : storage.write(null)),
    cancel: allowed ? () => leave({ error: 'access_denied' }) : null,
  };
}

/** Takes the token out of the address, so that the history and other scripts don't get it. */
function scrubbed() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token) history.replaceState(null, '', location.pathname + location.search);
  return token;
}

/** What was kept for the same login before a reload. */
function keptOf(login) {
  const stored = storage.read();
  return stored?.login === login ? stored : null;
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
        remember() {},
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
