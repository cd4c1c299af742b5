// How the first factor's token gets here, and how the result gets back: by redirect, the token in the fragment, or
// between a frame and the page around it. Neither ever stands in a query string, which servers and proxies log.

import { config } from './text.js';

const KEPT = 'alliance-mfa';
const MESSAGE = 'alliance-mfa:';

// Where the browser forbids all storage, a reload asks to sign in again.
const storage = (() => {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
})();

/**
 * @typedef {object} Handover
 * @property {'redirect' | 'frame' | 'alone'} way
 * @property {string | null} token Null where nobody has handed one over.
 * @property {string} [locale]
 * @property {boolean} misdirected The address to return to is none of the deployment's.
 * @property {(resultToken: string) => void} finish Gives the result back.
 * @property {(() => void) | null} cancel Goes back without one, where there is somewhere to go.
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
  const token = scrubbed() ?? kept(login);
  // An exact comparison: whoever could choose where the result goes would sign in with it.
  const allowed = target !== null && config.redirectUris.includes(target);
  if (token) storage?.setItem(KEPT, JSON.stringify({ token, login }));

  const leave = (/** @type {Record<string, string>} */ answer) => {
    storage?.removeItem(KEPT);
    location.replace(`${target}#${new URLSearchParams({ ...answer, ...(state !== null && { state }) })}`);
  };
  // The login may send the same tab here again, with another fragment only, which loads nothing.
  addEventListener('hashchange', () => {
    if (location.hash.startsWith('#token=')) location.reload();
  });
  return {
    way: allowed ? 'redirect' : 'alone',
    token,
    misdirected: target !== null && !allowed,
    finish: (resultToken) => (allowed ? leave({ result_token: resultToken }) : storage?.removeItem(KEPT)),
    cancel: allowed ? () => leave({ error: 'access_denied' }) : null,
  };
}

/** The token from the address, which loses it before anything else can see or keep it. */
function scrubbed() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token) history.replaceState(null, '', location.pathname + location.search);
  return token;
}

/** The token of this very login, after a reload. */
function kept(login) {
  const stored = JSON.parse(storage?.getItem(KEPT) ?? 'null');
  return stored?.login === login ? stored.token : null;
}

/** Only the page directly around this one, and only of an allowed origin, is listened to or answered. */
function byMessage() {
  const around = globalThis.parent;
  // Where the browser tells the origin around us, a message to any other would only fill the console.
  const known = location.ancestorOrigins?.[0];
  const origins = config.frameAncestors.filter((origin) => known === undefined || origin === known);
  const post = (message, origin) => around.postMessage({ ...message, type: MESSAGE + message.type }, origin);

  return new Promise((resolve) => {
    const hear = ({ source, origin, data }) => {
      if (source !== around || !origins.includes(origin) || data?.type !== `${MESSAGE}token`) return;
      if (typeof data.token !== 'string') return;
      removeEventListener('message', hear);
      tellHeight((height) => post({ type: 'height', height }, origin));
      resolve({
        way: 'frame',
        token: data.token,
        locale: data.locale,
        misdirected: false,
        finish: (resultToken) => post({ type: 'result', resultToken, state: data.state }, origin),
        cancel: () => post({ type: 'cancel', state: data.state }, origin),
      });
    };
    addEventListener('message', hear);
    for (const origin of origins) post({ type: 'ready' }, origin);
  });
}

function tellHeight(tell) {
  const page = document.querySelector('.page');
  new ResizeObserver(() => tell(Math.ceil(page.getBoundingClientRect().height))).observe(page);
}
