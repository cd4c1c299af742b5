// Users who come through Entra, whose stand-in is part of the local stack, and a relying party that we did not write.

import assert from 'node:assert/strict';
import { X509Certificate, createHash, createPublicKey, randomUUID } from 'node:crypto';

import * as oidc from 'openid-client';

import { loginOf, nextNumber } from './account.mjs';
import { LoginPage } from './login-page.mjs';
import { phoneOf } from './phone.mjs';

// As the local stack knows them.
const TENANT = '00000000-0000-4000-8000-00000000000a';
const CLIENT = '00000000-0000-4000-8000-00000000000c';

/** The id of an account in the tenant, as the stand-in draws it. */
function objectId(account) {
  const hex = createHash('sha256').update(account).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

/** A new account in the tenant; `phone` is its phone. */
export function newEntraAccount(stack) {
  const account = `user-${randomUUID()}`;
  const number = nextNumber();
  return { account, number, subject: `entra:${TENANT}:${objectId(account)}`, phone: phoneOf(stack, number) };
}

/** As one whose number was enrolled in an earlier login. */
export async function enrolled(stack) {
  const user = newEntraAccount(stack);
  const token = await loginOf(stack.issuer, { ...user, enrolled: true, claims: {} }).token();
  const ask = async (path, body) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await fetch(stack.url + path, { method: body ? 'POST' : 'GET', headers, body: body && JSON.stringify(body) });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return answer.json();
  };
  await ask('/v1/challenge', { channel: 'sms' });
  assert.equal((await ask('/v1/challenge/code', { code: await user.phone.code() })).state, 'approved');
  return user;
}

/** Where Entra's password page leads; `fields` replace those of its form. */
export const beginning = (stack, { account }, fields = {}) =>
  `${stack.entra}/begin?${new URLSearchParams({ account, ...fields })}`;

/** Comes from Entra's password page. */
export async function arriveFromEntra(context, stack, user, { page, fields, locale } = {}) {
  const login = new LoginPage(page ?? (await context.newPage()), { locale });
  await login.page.goto(beginning(stack, user, fields));
  return login;
}

/** What was posted in `context`, by the path: the forms' fields and the answers to them. */
export function forms(context) {
  const posted = {};
  context.on('request', (request) => {
    if (request.method() !== 'POST' || !request.isNavigationRequest()) return;
    const { pathname } = new URL(request.url());
    (posted[pathname] ??= []).push({ request, fields: Object.fromEntries(new URLSearchParams(request.postData())) });
  });
  return posted;
}

/** Verifies an answer as a relying party does that knows nothing but our address, and returns its claims. */
export async function verifyAnswer(stack, asked, answered) {
  const document = new URL(`${stack.url}/openid/.well-known/openid-configuration`);
  const config = await oidc.discovery(document, CLIENT, {}, oidc.None(), {
    execute: [oidc.allowInsecureRequests, oidc.useIdTokenResponseType],
  });
  const response = new Request(asked.redirect_uri, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(answered),
  });
  const claims = await oidc.implicitAuthentication(config, response, asked.nonce, { expectedState: asked.state });
  await verifyCertificates(config.serverMetadata().jwks_uri);
  return claims;
}

/** Each published key comes with a certificate over that key. */
async function verifyCertificates(address) {
  const { keys } = await (await fetch(address)).json();
  assert.ok(keys.length > 0);
  for (const { x5c: [certificate], ...key } of keys) {
    const { publicKey } = new X509Certificate(Buffer.from(certificate, 'base64'));
    assert.ok(publicKey.equals(createPublicKey({ key, format: 'jwk' })));
  }
}
