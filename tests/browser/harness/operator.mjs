// An operator, who stops things for a while. Signs requests with Signature Version 4 and the local stack's credentials.

import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';

const [KEY, SECRET, SCOPE] = ['local', 'local', ['us-east-1', 'execute-api', 'aws4_request']];
const SIGNED = 'host;x-amz-date';

/** Stops what `name` is for the next `seconds`. Returns when that ends. */
export async function pause(stack, name, seconds) {
  const until = new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+/, '');
  await ask(stack, 'PUT', `/v1/admin/switches/${name}`, { reason: 'a test', until });
  return new Date(until);
}

/** Ends that early. */
export async function resume(stack, name) {
  await ask(stack, 'DELETE', `/v1/admin/switches/${name}`);
}

/** Lets an account enrol a number in its next login, for 24 hours. */
export const openEnrolment = (stack, { subject }) =>
  ask(stack, 'POST', `/v1/admin/subjects/${Buffer.from(subject).toString('base64url')}/open-enrolment`);

async function ask({ url }, method, path, body) {
  const text = body ? JSON.stringify(body) : '';
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const headers = { 'x-amz-date': date, authorization: authorization({ host: new URL(url).host, method, path, text, date }) };
  const typed = body ? { 'content-type': 'application/json' } : {};
  const response = await fetch(url + path, { method, headers: { ...headers, ...typed }, body: body ? text : undefined });
  assert.equal(response.status, 200, await response.text());
}

function authorization({ host, method, path, text, date }) {
  const scope = [date.slice(0, 8), ...SCOPE];
  const canonical = [method, path, '', `host:${host}`, `x-amz-date:${date}`, '', SIGNED, sha256(text)].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', date, scope.join('/'), sha256(canonical)].join('\n');
  const key = scope.reduce((key, part) => hmac(key, part).digest(), `AWS4${SECRET}`);
  const signature = hmac(key, toSign).digest('hex');
  return `AWS4-HMAC-SHA256 Credential=${KEY}/${scope.join('/')}, SignedHeaders=${SIGNED}, Signature=${signature}`;
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text);
