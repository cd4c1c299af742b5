// The client's polls on a fake clock: as the server advises, seldom in the background, and never many without end.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';

import { MfaOffline, MfaProblem, createClient } from '../../functions/login-page/assets/mfa-client.js';

const STEP = 100;
const channel = { available: true, reason: null, nextSendAt: null, sendsLeft: 1, lastSend: null };
const PENDING = { state: 'pending', channels: { sms: channel, call: channel } };

describe('The client', () => {
  /** When each poll was sent, in milliseconds. */
  let asked;
  let answer;
  let client;
  let waiting;
  let page;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
    const network = new EventTarget();
    Object.assign(globalThis, { document: page });
    for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent']) {
      globalThis[name] = network[name].bind(network);
    }
    asked = [];
    answer = () => pending({ pollAfterMs: 2000 });
    const fetch = async (url, { method }) => {
      if (method === 'GET') asked.push(Date.now());
      return answer(method);
    };
    client = createClient({ token: 'token', fetch });
    waiting = new AbortController();
  });

  afterEach(() => {
    waiting.abort();
    mock.timers.reset();
    for (const name of ['document', 'addEventListener', 'removeEventListener', 'dispatchEvent']) delete globalThis[name];
  });

  const pending = (members, headers) => Response.json({ ...PENDING, ...members }, { headers });
  const refused = (status, headers) => Response.json({}, { status, headers });

  function follow() {
    client.waitForApproval(waiting.signal).catch((error) => assert.ok(waiting.signal.aborted, error));
  }

  async function pass(milliseconds) {
    for (let passed = 0; passed < milliseconds; passed += STEP) {
      await settled();
      mock.timers.tick(STEP);
    }
    await settled();
  }

  // The answer and its body take a few turns each.
  async function settled() {
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
  }

  function turn(visibilityState) {
    page.visibilityState = visibilityState;
    page.dispatchEvent(new Event('visibilitychange'));
  }

  const gaps = () => asked.slice(1).map((at, index) => at - asked[index]);

  for (const [advice, members, headers, gap] of [
    ['500 ms', { pollAfterMs: 500 }, {}, 500],
    ['milliseconds rather than whole seconds', { pollAfterMs: 500 }, { 'retry-after': '1' }, 500],
    ['of a server that says only seconds', {}, { 'retry-after': '3' }, 3000],
    ['that is missing', {}, {}, 2000],
    ['null', { pollAfterMs: null }, {}, 2000],
    ['zero', { pollAfterMs: 0 }, {}, 500],
    ['below zero', { pollAfterMs: -1 }, {}, 500],
    ['of a day', { pollAfterMs: 86_400_000 }, {}, 30_000],
    ['in words', { pollAfterMs: '1' }, {}, 2000],
  ]) {
    it(`follows advice ${advice} within half a second and half a minute`, async () => {
      answer = () => pending(members, headers);
      follow();
      await pass(3 * gap);
      assert.deepEqual(gaps().slice(0, 2), [gap, gap]);
    });
  }

  it('asks seldom in the background, and at once when the page comes to the front', async () => {
    answer = () => pending({ pollAfterMs: 500 });
    page.visibilityState = 'hidden';
    follow();
    await pass(40_000);
    assert.deepEqual(gaps(), [15_000, 15_000]);
    turn('visible');
    await pass(STEP);
    assert.deepEqual(gaps(), [15_000, 15_000, 10_000]);
    await pass(1000);
    assert.deepEqual(gaps().slice(3), [500, 500]);
  });

  it('asks at once when the page comes back, also where the server advises to wait', async () => {
    answer = () => pending({ pollAfterMs: 10_000 });
    follow();
    await pass(1000);
    turn('hidden');
    await pass(1000);
    turn('visible');
    await pass(STEP);
    assert.deepEqual(gaps(), [2000]);
  });

  it('asks as the answer to a start advises, whatever the poll before it was told', async () => {
    answer = (method) => pending({ pollAfterMs: method === 'GET' ? 15_000 : 2000 });
    follow();
    await pass(3000);
    const started = Date.now();
    await client.start('call');
    await pass(2500);
    assert.deepEqual(asked.map((at) => at - started).slice(1), [2000]);
  });

  it('slows down after 250 polls and goes on', async () => {
    answer = () => pending({ pollAfterMs: 500 });
    follow();
    await pass(250 * 500 + 45_000);
    assert.equal(gaps().filter((gap) => gap === 500).length, 249);
    assert.deepEqual(gaps().slice(249), [15_000, 15_000, 15_000]);
  });

  it('waits longer and longer while the API fails, also when the page comes back', async () => {
    answer = () => refused(503, {});
    follow();
    await pass(10_000);
    const [first, second] = gaps();
    assert.ok(first >= 2000 && first <= 3100 && second >= 4000 && second <= 6100, `${gaps()}`);
    const before = asked.length;
    turn('hidden');
    turn('visible');
    await pass(1000);
    assert.equal(asked.length, before);
  });

  it('waits as long as a refusal says, also when the page comes back', async () => {
    answer = () => refused(429, { 'retry-after': '20' });
    follow();
    await pass(1000);
    turn('hidden');
    turn('visible');
    await pass(18_000);
    assert.equal(asked.length, 1);
    await pass(2000);
    assert.equal(asked.length, 2);
  });

  it('asks at once when the network returns, whatever was advised and however often it failed', async () => {
    follow();
    await pass(STEP);
    answer = () => Promise.reject(new TypeError('Failed to fetch'));
    await pass(30_000);
    answer = () => pending({ pollAfterMs: 15_000 });
    dispatchEvent(new Event('online'));
    await pass(STEP);
    const reached = asked.length;
    await pass(1000);
    assert.equal(asked.length, reached);
    dispatchEvent(new Event('online'));
    await pass(STEP);
    assert.equal(asked.length, reached + 1);
  });

  it('asks at once what became of a request that got no answer', async () => {
    answer = (method) => (method === 'GET' ? pending({ pollAfterMs: 15_000 }) : Promise.reject(new TypeError('Failed')));
    follow();
    await pass(3000);
    const before = asked.length;
    await assert.rejects(client.verify('123456'), MfaOffline);
    await pass(500);
    assert.equal(asked.length, before + 1);
  });

  it('goes on after the end of a challenge while the server advises it', async () => {
    answer = () => pending({ state: 'denied', pollAfterMs: 2000 });
    const ended = client.waitForApproval(waiting.signal);
    await pass(4000);
    answer = () => pending({ state: 'blocked', pollAfterMs: null });
    await pass(2000);
    assert.equal((await ended).state, 'blocked');
    assert.deepEqual(gaps(), [2000, 2000]);
  });

  it('asks at once when the page comes back, though the clock was set back meanwhile', async () => {
    mock.timers.setTime(600_000);
    follow();
    await pass(1000);
    turn('hidden');
    mock.timers.setTime(0);
    turn('visible');
    await pass(1000);
    assert.equal(asked.length, 2);
  });

  it('ends with a problem that does not pass', async () => {
    answer = () => refused(403, {});
    const ended = assert.rejects(client.waitForApproval(waiting.signal), MfaProblem);
    await pass(STEP);
    await ended;
  });
});
