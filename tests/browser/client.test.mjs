// The API client on its own, with answers that were asked for before there was a client.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { MfaOffline, askStatus, createClient } from '../../functions/login-page/assets/mfa-client.js';

const CHALLENGE = { state: 'none', channels: { sms: {}, call: {} } };

/** Answers each request, and remembers it. */
function server(answer) {
  const requests = [];
  const fetch = (url, request) => {
    requests.push({ url, ...request });
    return answer(requests.length);
  };
  return { requests, fetch };
}

const answered = ({ date, ...rest } = {}) => Response.json({ ...CHALLENGE, ...rest }, { headers: date ? { date } : {} });

/** Asks before there is a client, as the page does. */
function early(context, answer) {
  const asked = server(answer);
  context.mock.method(globalThis, 'fetch', asked.fetch);
  return { ...asked, first: askStatus('token', 'https://mfa.example.com') };
}

const clientOf = (options) => createClient({ token: 'token', baseUrl: 'https://mfa.example.com', ...options });

describe('A status that was asked early', () => {
  it('is asked as the client would ask it', async (context) => {
    const { requests } = early(context, answered);
    await clientOf().status();
    const [one, other] = requests.map(({ signal, ...request }) => request);
    assert.deepEqual(one, other);
  });

  it('is the first status and no other', async (context) => {
    const { requests, first } = early(context, (count) => answered({ attemptsLeft: count }));
    const client = clientOf({ first });
    assert.equal((await client.status()).attemptsLeft, 1);
    assert.equal(requests.length, 1);
    assert.equal((await client.status()).attemptsLeft, 2);
  });

  it('is no answer for another purpose', async (context) => {
    const { requests, first } = early(context, answered);
    await clientOf({ first }).status({ purpose: 'change' });
    assert.equal(requests[1].url, 'https://mfa.example.com/v1/challenge?purpose=change');
  });

  it('is an error like any other if it failed, and the next status is asked for', async (context) => {
    const { first } = early(context, (count) => (count === 1 ? Promise.reject(new TypeError('no network')) : answered()));
    await new Promise((later) => setTimeout(later, 20)); // nobody has awaited it so far
    const client = clientOf({ first });
    await assert.rejects(client.status(), MfaOffline);
    assert.equal((await client.status()).state, 'none');
  });

  it('is given up like any other', async (context) => {
    const { requests, first } = early(context, (count) => (count === 1 ? new Promise(() => {}) : answered()));
    const waiting = new AbortController();
    clientOf({ first }).status({ signal: waiting.signal });
    waiting.abort();
    assert.ok(requests[0].signal.aborted);
  });

  it('is awaited no longer than any other, counted from when it was sent', async (context) => {
    context.mock.timers.enable({ apis: ['Date', 'setTimeout'] });
    const { requests, first } = early(context, () => new Promise(() => {}));
    context.mock.timers.tick(15_000);
    clientOf({ first }).status();
    context.mock.timers.tick(4_999);
    assert.equal(requests[0].signal.aborted, false);
    context.mock.timers.tick(1);
    assert.equal(requests[0].signal.aborted, true);
  });

  it('tells the time when it was answered, however late the client takes it', async (context) => {
    context.mock.timers.enable({ apis: ['Date'], now: Date.parse('2026-11-29T12:00:00.000Z') });
    const wrong = 3_600_000; // what the device's clock is behind
    const { first } = early(context, () => answered({ date: new Date(Date.now() + wrong).toUTCString() }));
    await first.heard;
    context.mock.timers.tick(9_000);
    const client = clientOf({ first });
    await client.status();
    const off = client.now() - (Date.now() + wrong);
    assert.ok(Math.abs(off) <= 1_000, `off by ${off} ms`);
  });
});
