// A login backend: it sends users to the login page, by redirect or in a frame, and verifies the results.

import { createServer } from 'node:http';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const AUDIENCE = 'demo-login';

const SIGNED_IN = '<!doctype html><html lang="en"><title>Signed in</title><link rel="icon" href="data:,"><h1>Signed in</h1></html>';

const EMPTY = '<!doctype html><html lang="en"><title>Empty</title><link rel="icon" href="data:,"><h1>Empty</h1></html>';

/** Frames the page that the fragment names, answers it with the test's token and records its messages. */
const EMBEDDING = `<!doctype html><html lang="en"><title>Embedding</title><link rel="icon" href="data:,">
<iframe title="Second factor" width="420" height="700"></iframe>
<script>
  const frame = document.querySelector('iframe');
  const { src, answer } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
  window.heard = [];
  addEventListener('message', ({ data, origin, source }) => {
    if (source !== frame.contentWindow) return;
    heard.push({ ...data, origin });
    if (data.type === 'alliance-mfa:ready' && answer) source.postMessage({ type: 'alliance-mfa:token', ...answer }, origin);
  });
  frame.src = src;
</script></html>`;

/** Starts it on its own loopback origin. */
export async function startBackend() {
  const server = createServer((request, response) => {
    const page = { '/signed-in': SIGNED_IN, '/embedding': EMBEDDING, '/empty': EMPTY }[request.url.split('?')[0]];
    response.writeHead(page ? 200 : 404, { 'content-type': 'text/html' }).end(page ?? 'not found');
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    redirectUri: `${origin}/signed-in`,
    empty: `${origin}/empty`,
    /** The address of a page that frames `src` and sends `answer` when it is ready. */
    embedding: (src, answer) => `${origin}/embedding#${encodeURIComponent(JSON.stringify({ src, answer }))}`,
    close() {
      server.closeAllConnections();
      return new Promise((closed) => server.close(closed));
    },
  };
}

/** Verifies a result token as the README tells backends to, and returns its claims. */
export async function verifyResult(resultToken, issuer, account) {
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
  const { payload } = await jwtVerify(resultToken, keys, {
    issuer, audience: AUDIENCE, subject: account.subject,
    algorithms: ['RS256'], typ: 'mfa-result+jwt', requiredClaims: ['exp', 'jti', 'txn', 'acr'],
  });
  if (payload.txn !== account.login) throw new Error(`the result of another login: ${payload.txn}`);
  return payload;
}
