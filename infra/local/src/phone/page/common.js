// Shared by the page's parts and the page at the redirect URI: building elements, calling this server, copying, and
// showing a verified result.

/** An element with properties and children. */
export function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

/** Posts JSON to this server. A refusal becomes an error with the server's own message. */
export async function post(path, body = {}) {
  const response = await fetch(path, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  });
  const text = await response.text();
  if (response.ok) return text && JSON.parse(text);
  let error = text;
  try { ({ error } = JSON.parse(text)); } catch { /* plain text is shown as it is */ }
  throw new Error(error || `${path} answered ${response.status}`);
}

/** Makes a button copy what `text` returns. */
export function copies(button, label, text) {
  button.textContent = label;
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Not allowed by the browser';
    }
    setTimeout(() => { button.textContent = label; }, 1600);
  });
  return button;
}

const time = (seconds) => new Date(seconds * 1000).toLocaleTimeString();

const MEANINGS = {
  sub: () => 'the user',
  txn: () => 'the login that this result is for',
  jti: () => 'the token’s ID: it works only once',
  exp: (at) => `valid until ${time(at)}`,
  iat: (at) => `issued at ${time(at)}`,
  auth_time: (at) => `password entered at ${time(at)}`,
  amr: () => 'the methods used',
  acr: () => 'the assurance level',
  enrolled_now: () => 'the number was added in this login',
  iss: () => 'the issuer',
  aud: () => 'the backend that it is for',
};

/** Has the backend verify a result, and shows the outcome. */
export async function verified(state, resultToken) {
  try {
    const byCognito = state.startsWith('cognito-');
    const { claims, kid } = await post(byCognito ? '/desk/cognito/result' : '/desk/result', { state, resultToken });
    const rows = Object.keys({ ...MEANINGS, ...claims }).filter((name) => name in claims).map((name) => {
      const value = claims[name];
      return make('tr', {}, make('th', { scope: 'row' }, make('code', {}, name)), make('td', {},
        make('span', {}, typeof value === 'string' ? value : JSON.stringify(value)),
        make('small', {}, MEANINGS[name]?.(value) ?? '')));
    });
    return outcome('good', `${claims.sub} is signed in`,
      byCognito ? ['Cognito issues its tokens: its triggers accept the password, then the result.']
        : ['The backend verified the result: it is signed with the published key ', make('code', {}, kid),
          '; its type, issuer, audience and times are valid; and it belongs to this login.'],
      make('table', {}, make('caption', { className: 'unseen' }, 'Claims of the result'), make('tbody', {}, ...rows)));
  } catch (error) {
    return outcome('bad', 'The result is not valid', [error.message]);
  }
}

/** The user left the login page without a result. */
export const left = () => outcome('bad', 'Not signed in', ['The sign-in was cancelled.']);

/** How a sign-in ended. Its heading can take the focus. */
export const outcome = (kind, title, words, ...more) =>
  make('div', { className: `outcome ${kind}` }, make('h2', { tabIndex: -1 }, title), make('p', {}, ...words), ...more);
