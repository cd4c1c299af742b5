// How often the page asks for the challenge's state in each situation.

import assert from 'node:assert/strict';

import { scenes } from './harness/scenes.mjs';

scenes('Polling', {}, (scene) => {
  /** When the page asks, from now on. */
  function listen(page) {
    const asked = [];
    page.on('request', (request) => {
      if (request.method() === 'GET' && request.url().endsWith('/v1/challenge')) asked.push(Date.now());
    });
    return asked;
  }

  const gaps = (asked) => asked.slice(1).map((at, index) => at - asked[index]);

  scene('while a call rings the page asks every two seconds, and twice a second once it is answered', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.callMe();
    const call = await phone.ringing();
    const ringing = listen(login.page);
    await login.page.waitForTimeout(5000);
    assert.ok(ringing.length >= 2 && gaps(ringing).every((gap) => gap >= 1900), `${gaps(ringing)}`);
    await call.listen();
    await login.page.waitForTimeout(2500); // the next poll learns that it was answered
    const answered = listen(login.page);
    await login.page.waitForTimeout(4000);
    assert.ok(answered.length >= 4, `asked ${answered.length} times in four seconds`);
    assert.ok(gaps(answered).every((gap) => gap >= 450), `${gaps(answered)}`);
  });

  scene('a page in the background does not, and asks at once when it is shown', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.callMe();
    await (await phone.ringing()).listen();
    await login.page.waitForTimeout(2500);
    await turn(login.page, 'hidden');
    const hidden = listen(login.page);
    await login.page.waitForTimeout(5000);
    assert.ok(hidden.length <= 1, `asked ${hidden.length} times`); // one may have been on its way
    await turn(login.page, 'visible');
    await login.page.waitForTimeout(1000);
    assert.ok(hidden.length >= 2, `asked ${hidden.length} times`);
  });

  scene('where a code is awaited the page asks after five seconds, and then less often', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    await phone.code();
    const asked = listen(login.page);
    await login.page.waitForTimeout(12_000);
    assert.ok(asked.length >= 1 && asked.length <= 3, `asked ${asked.length} times in twelve seconds`);
    assert.ok(gaps(asked).every((gap) => gap >= 4900), `${gaps(asked)}`);
  });

  const turn = (page, state) =>
    page.evaluate((state) => {
      Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);
});
