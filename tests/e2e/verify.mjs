// A login's backend in JavaScript: verifies the result token on standard input with `jose` and the keys in the
// issuer's discovery document, and prints its claims.
//
//     node verify.mjs ISSUER AUDIENCE TYPE < token

import { text } from 'node:stream/consumers';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const [issuer, audience, typ] = process.argv.slice(2);
const discovered = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
const { payload } = await jwtVerify(
  await text(process.stdin),
  createRemoteJWKSet(new URL(discovered.jwks_uri)),
  { issuer, audience, typ, algorithms: discovered.id_token_signing_alg_values_supported },
);
console.log(JSON.stringify(payload));
