// Receipts, from the message through the bus's event and the function to the page.

import assert from 'node:assert/strict';

import { setFaults } from './harness/phone.mjs';
import { scenes } from './harness/scenes.mjs';

// One after another: how AWS reports is set for the whole stack.
scenes('Receipts', { settings: { SMS_PROVIDER: 'end-user-messaging' }, concurrency: 1 }, (scene) => {
  for (const [reports, key] of [
    ['delivered', 'code.text.delivered'],
    ['doubled', 'code.text.delivered'],
    ['out-of-order', 'code.text.delivered'],
    ['undeliverable', 'code.text.not-delivered'],
  ]) {
    scene(`of a message whose receipts are ${reports}, the page says by itself what became of it`, async ({ arrive, stack }) => {
      await setFaults(stack, { receipts: reports });
      const login = await arrive();
      await login.sendCode();
      await login.says(key);
      const [words] = login.words[key].split('{number}');
      await login.page.locator('#announcer', { hasText: `${words}the number ending in ` }).waitFor();
    });
  }

  scene('a message that the carrier did not deliver leads to a call at once', async ({ arrive, phone, stack }) => {
    await setFaults(stack, { receipts: 'undeliverable' });
    const login = await arrive();
    await login.sendCode();
    await login.says('code.text.not-delivered');
    await login.says('paused.call.instead');
    await login.callMe();
    const call = await phone.ringing();
    await call.listen();
    await call.press('#');
    await login.returned();
  });

  scene('a code whose message is never reported on signs in', async ({ arrive, phone, stack }) => {
    await setFaults(stack, { receipts: 'never' });
    const login = await arrive();
    await login.sendCode();
    await login.enter(await phone.code());
    await login.returned();
    const [{ provider, context }] = await phone.messages();
    assert.deepEqual([provider, Object.keys(context)], ['end-user-messaging', ['challenge', 'receipt']]);
  });
});
