// Codes: typed wrong, too often, too late; sent again; waited for in vain.

import assert from 'node:assert/strict';

import { scenes } from './harness/scenes.mjs';

/** The `nth` code that is none: the page sends the same one again on demand only. */
const wrong = (code, nth = 1) => String((Number(code) + nth) % 1_000_000).padStart(6, '0');

/** Spends all guesses. */
async function exhaust(login, code) {
  for (let guess = 1; guess <= 5; guess += 1) {
    const judged = login.page.waitForResponse('**/v1/challenge/code');
    await login.enter(wrong(code, guess));
    await judged;
  }
}

scenes('Codes', {}, (scene) => {
  scene('a wrong code says how many attempts are left, and the right one still signs in', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    await login.enter(wrong(code));
    await login.fieldSays(login.code, 'code.wrong', { count: 4 });
    await login.enter(code);
    await login.returned();
  });

  scene('five wrong codes exhaust it, and a new code signs in', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    await exhaust(login, code);
    await login.is('exhausted');
    await login.sendCode();
    await login.enter(await phone.code(2));
    await login.returned();
  });

  scene('a code may be pasted with spaces', async ({ arrive, phone, context }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    await login.is('code');
    await login.page.evaluate((text) => navigator.clipboard.writeText(text), ` ${code.slice(0, 3)} ${code.slice(3)}\n`);
    await login.code.focus();
    await login.page.keyboard.press('Control+v');
    await login.returned();
  });

  scene('fewer than six digits are not sent, and cost no attempt', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    await login.is('code');
    await login.code.fill(code.slice(0, 5));
    await login.code.press('Enter');
    await login.fieldSays(login.code, 'problem.code-malformed');
    await login.enter(wrong(code));
    await login.fieldSays(login.code, 'code.wrong', { count: 4 });
  });

  scene('a code sent again leaves the late first one good', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    const first = await phone.code(1);
    await login.resend();
    await phone.code(2);
    await login.enter(first);
    await login.returned();
  });

  scene('sending again counts down, and cannot be pressed before', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    await phone.code();
    const resend = login.button('code.resend.in');
    await resend.waitFor();
    assert.match(await resend.innerText(), /0:0\d/);
    await resend.click({ force: true });
    assert.equal((await phone.messages()).length, 1);
  });

  scene('after half a minute without success the call is offered', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    await phone.code();
    await login.is('code');
    assert.equal(await login.offers('channel.call'), false);
    await login.button('channel.call').waitFor({ timeout: 40_000 });
    await login.callMe();
    const call = await phone.ringing();
    await call.listen();
    await call.press('#');
    await login.returned();
  });

  scene('the field is one, numeric, and filled by the system', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    await phone.code();
    await login.is('code');
    assert.equal(await login.page.locator('main input').count(), 1);
    assert.equal(await login.code.getAttribute('autocomplete'), 'one-time-code');
    assert.equal(await login.code.getAttribute('inputmode'), 'numeric');
  });

  scene('a code by WebOTP is taken without a key', async ({ arrive, phone, context }) => {
    await context.addInitScript(() => {
      if (!navigator.credentials) return; // not a page of ours, but the blank one before
      globalThis.OTPCredential = class {};
      navigator.credentials.get = ({ otp, signal }) => new Promise((resolve, reject) => {
        if (!otp) return;
        signal.addEventListener('abort', () => reject(signal.reason));
        globalThis.deliver = (code) => resolve({ code });
      });
    });
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    await login.page.waitForFunction(() => globalThis.deliver);
    await login.page.evaluate((text) => globalThis.deliver(text), code);
    await login.returned();
  });
});

scenes('Codes that soon expire', { settings: { CODE_LIFE_SECONDS: '6' } }, (scene) => {
  scene('an expired code says so, and a new one signs in', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    await phone.code();
    await login.is('expired');
    await login.sendCode();
    await login.enter(await phone.code(2));
    await login.returned();
  });
});

scenes('Codes of which few may be wrong', { settings: { DELAY_FROM_FAILURES: '5', LOCK_AT_FAILURES: '10' } }, (scene) => {
  scene('too many wrong codes lock the account for a time, which the page tells', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    await exhaust(login, await phone.code());
    await login.is('locked');
    await login.says('locked.text');
    await login.link('support.link').waitFor();
  });
});

scenes('Codes of which none more may be wrong', { settings: { LOCK_AT_FAILURES: '5', DELAY_FROM_FAILURES: '5' } }, (scene) => {
  scene('a locked account is told who can unlock it', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    await exhaust(login, await phone.code());
    await login.is('locked-by-admin');
    await login.link('support.link').waitFor();
    assert.equal(await login.offers('channel.sms'), false);
  });
});
