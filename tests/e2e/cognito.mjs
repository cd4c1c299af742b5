// Somebody who signs in to an app of a Cognito user pool, with the code of the guide in infra/LOGINS.md and the client that
// people use. Prints what the app gets for its frame, waits for a line with what the page in it says, and prints how the
// sign-in ended.
//
//     echo '{"pool": …, "client": …, "endpoint": …, "username": …, "password": …}' | node cognito.mjs

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import cognito from 'amazon-cognito-identity-js';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value);
const print = (said) => console.log(JSON.stringify(said));

const { pool, client, endpoint, username, password } = await next();

class Pool extends cognito.CognitoUserPool {
  constructor({ UserPoolId, ClientId }) {
    if (!UserPoolId || !ClientId) throw new Error('the guide names no pool or no client');
    super({ UserPoolId: pool, ClientId: client, endpoint });
  }
}

// The browser: one frame, in which a page is ready as soon as it is loaded.
const listeners = new Set();
let mfa;
const say = (data) => [...listeners].forEach((listen) => listen({ origin: mfa, source: frame.contentWindow, data }));
const frame = {
  style: {},
  contentWindow: {
    async postMessage({ type, token, state }, origin) {
      if (type !== 'alliance-mfa:token' || origin !== mfa) throw new Error(`${type} to ${origin}`);
      print({ token, page: frame.page });
      say({ type: 'alliance-mfa:height', height: 480 });
      say({ type: 'alliance-mfa:result', state: 'of another sign-in', resultToken: 'stray' });
      const { result } = await next();
      say(result ? { type: 'alliance-mfa:result', state, resultToken: result } : { type: 'alliance-mfa:cancel', state });
    },
  },
  set src(page) {
    if (page === 'about:blank') return;
    frame.page = page;
    mfa = new URL(page).origin;
    setTimeout(() => say({ type: 'alliance-mfa:ready' }));
  },
};

const guide = readFileSync(new URL('../../infra/LOGINS.md', import.meta.url), 'utf8');
const [, code] = guide.match(/^```js\nimport .* from 'amazon-cognito-identity-js';\n(.*?)^```$/ms);
const names = ['AuthenticationDetails', 'CognitoUser', 'CognitoUserPool', 'addEventListener', 'removeEventListener'];
const signIn = new Function(...names, `${code.replace(/^export /m, '')}\nreturn signIn;`)(
  cognito.AuthenticationDetails, cognito.CognitoUser, Pool,
  (_, listen) => listeners.add(listen), (_, listen) => listeners.delete(listen),
);

try {
  const session = await signIn(username, password, frame);
  const [idToken, accessToken] = [session.getIdToken().getJwtToken(), session.getAccessToken().getJwtToken()];
  print({ idToken, accessToken, refreshToken: session.getRefreshToken().getToken() });
} catch (error) {
  print({ error: error.code ?? error.message });
}
process.exit();
