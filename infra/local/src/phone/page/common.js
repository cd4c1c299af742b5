// What the desk and the page at the redirect URI share: building elements, asking this server, and
// showing what a backend makes of a result.

/** An element with properties and children. */
export function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

/** Posts JSON to this server; what it refuses is an error in its own words. */
export async function post(path, body = {}) {
  const response = await fetch(path, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  });
  const text = await response.text();
  if (response.ok) return text && JSON.parse(text);
  let error = text;
  try { ({ error } = JSON.parse(text)); } catch { /* an answer in plain words is shown as it is */ }
  throw new Error(error || `${path} answered ${response.status}`);
}

const time = (seconds) => new Date(seconds * 1000).toLocaleTimeString();

const MEANINGS = {
  sub: () => 'who signs in',
  txn: () => 'of this very login',
  jti: () => 'used now, and never again',
  exp: (at) => `good until ${time(at)}`,
  iat: (at) => `approved at ${time(at)}`,
  auth_time: (at) => `password at ${time(at)}`,
  amr: () => 'how it was proven',
  acr: () => 'how strong that is',
  enrolled_now: () => 'the number was typed in this login',
  iss: () => 'who says so',
  aud: () => 'to whom',
};

/** Has the backend verify a result, and shows what it found. */
export async function verified(state, resultToken) {
  try {
    const { claims, kid } = await post('/desk/result', { state, resultToken });
    const rows = Object.keys({ ...MEANINGS, ...claims }).filter((name) => name in claims).map((name) => {
      const value = claims[name];
      return make('tr', {}, make('th', { scope: 'row' }, make('code', {}, name)), make('td', {},
        make('span', {}, typeof value === 'string' ? value : JSON.stringify(value)),
        make('small', {}, MEANINGS[name]?.(value) ?? '')));
    });
    return outcome('good', `${claims.sub} is signed in`,
      ['The backend verified the result: signed by the published key ', make('code', {}, kid),
        '; type, issuer, audience and time are right; and it answers this very login.'],
      make('table', {}, make('caption', { className: 'unseen' }, 'Claims of the result'), make('tbody', {}, ...rows)));
  } catch (error) {
    return outcome('bad', 'The result does not hold', [error.message]);
  }
}

/** The login page was left without a result. */
export const left = () => outcome('bad', 'Not signed in', ['The login page was left before it was done.']);

/** How a sign-in ended; its heading is ready for focus. */
export const outcome = (kind, title, words, ...more) =>
  make('div', { className: `outcome ${kind}` }, make('h2', { tabIndex: -1 }, title), make('p', {}, ...words), ...more);
