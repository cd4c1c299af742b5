// What the page says once a receipt tells what became of the message. `receipts.test.mjs` has the receipts themselves.

import assert from 'node:assert/strict';

import { scenes } from './harness/scenes.mjs';
import { wordsOf } from './harness/words.mjs';

scenes('What became of the message', {}, (scene) => {
  scene('what became of the message is told as soon as a receipt says so, and nothing moves', async ({ arrive, context }) => {
    const login = await arrive();
    await login.sendCode();
    await login.is('code');
    const sent = login.page.locator('#sent');
    const height = (await sent.boundingBox()).height;
    let lastSend = 'delivered';
    await context.route('**/v1/challenge', async (route) => {
      const response = await route.fetch();
      const view = await response.json();
      view.channels.sms.lastSend = lastSend;
      await route.fulfill({ response, json: { ...view, pollAfterMs: 500 } });
    });
    for (const fate of ['delivered', 'not-delivered']) {
      lastSend = fate;
      const [words] = wordsOf('en')[`code.text.${fate}`].split('{number}');
      await login.page.locator('#sent', { hasText: words }).waitFor();
      await login.page.locator('#announcer', { hasText: `${words}the number ending in ` }).waitFor();
      assert.equal((await sent.boundingBox()).height, height, fate);
    }
  });

  const ENROLLED = { canChangeNumber: false };
  const TYPED = { canChangeNumber: true };
  const LIMITED = { available: false, reason: 'send-limit', nextSendAt: '2100-01-01T00:00:00Z', sendsLeft: 0 };
  const DISABLED = { available: false, reason: 'disabled', nextSendAt: null, sendsLeft: 0 };
  const AVAILABLE = { available: true, reason: null, nextSendAt: null, sendsLeft: 2 };
  for (const [who, given, call, sms, advice] of [
    ['an enrolled number', ENROLLED, AVAILABLE, {}, 'paused.call.instead'],
    ['an enrolled number that calls cannot reach', ENROLLED, DISABLED, {}, 'undelivered.resend'],
    ['an enrolled number whose calls are used up', ENROLLED, LIMITED, {}, 'undelivered.resend'],
    ['an enrolled number with nothing left', ENROLLED, LIMITED, { sendsLeft: 0 }, null],
    ['a number that can be corrected', TYPED, AVAILABLE, {}, 'undelivered.number'],
    ['a number that can be corrected, without calls', TYPED, DISABLED, {}, 'undelivered.number'],
  ]) {
    scene(`a message that was not delivered leads only to what is possible: ${who}`, async ({ arrive, context }) => {
      let isKnown = false;
      await context.route('**/v1/challenge', async (route) => {
        const response = await route.fetch();
        const { channels, ...view } = await response.json();
        Object.assign(channels.call, call);
        if (isKnown) Object.assign(channels.sms, { lastSend: 'not-delivered', ...sms });
        await route.fulfill({ response, json: { ...view, ...given, channels, offerAlternative: isKnown, pollAfterMs: 500 } });
      });
      const login = await arrive();
      await login.sendCode();
      isKnown = true;
      const said = login.words['code.text.not-delivered'].replace('{advice}', advice ? login.words[advice] : '').trim();
      const [before, after] = said.split('{number}');
      await login.page.locator('#announcer', { hasText: `${before}the number ending in ` }).waitFor();
      await login.page.waitForTimeout(1_500); // another announcement would have taken its place
      const announced = await login.page.locator('#announcer').innerText();
      assert.match(announced.trim(), new RegExp(`ending in \\d\\d${after.replaceAll('.', '\\.')}$`));
      const shown = await login.page.locator('#sent').innerText();
      assert.ok(shown.trim().endsWith(after), shown);
      assert.equal(await login.page.getByText(login.words['offer.code']).filter({ visible: true }).count(), 0);
    });
  }

  scene('two things that come with one answer are both announced', async ({ arrive, context }) => {
    let isKnown = false;
    await context.route('**/v1/challenge', async (route) => {
      const response = await route.fetch();
      const view = await response.json();
      if (isKnown) {
        view.channels.sms.lastSend = 'not-delivered';
        view.expiresAt = new Date(Date.now() + 50_000).toISOString().replace(/\.\d+/, '');
      }
      await route.fulfill({ response, json: { ...view, pollAfterMs: 500 } });
    });
    const login = await arrive();
    await login.sendCode();
    isKnown = true;
    const announcer = login.page.locator('#announcer', { hasText: login.words['code.minute'] });
    await announcer.filter({ hasText: login.words['code.text.not-delivered'].split('{number}')[0] }).waitFor();
  });
});
