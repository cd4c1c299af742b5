// What the page says and offers while an operator has paused a channel, or the adding of numbers.

import assert from 'node:assert/strict';

import { newAccount } from './harness/account.mjs';
import { exhibit, problemOf } from './harness/gallery.mjs';
import { pause, resume } from './harness/operator.mjs';
import { scenes } from './harness/scenes.mjs';

/** A time as the API writes it. */
const timeIn = (seconds) => new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+/, '');
const SOON = 10;
const LONG = 3600;

/**
 * Answers as the API does: a start obeys what is in `paused`, and a status what is in `told`, which may be behind. Each has
 * seconds by channel, or by `enrolment`, counted from the first answer that says so.
 */
async function operator(context, told = {}) {
  const api = { paused: { ...told }, told, statuses: 0 };
  await context.route('**/v1/challenge', async (route) => {
    const request = route.request();
    for (const ends of [api.paused, api.told]) {
      for (const [name, end] of Object.entries(ends)) if (typeof end === 'number') ends[name] = timeIn(end);
    }
    if (request.method() === 'POST') {
      const { enrolment, [request.postDataJSON().channel]: channel } = api.paused;
      const retryAt = enrolment ?? channel;
      if (!retryAt) return route.continue();
      const [status, type] = enrolment ? [403, 'enrolment-paused'] : [409, 'channel-paused'];
      return route.fulfill({ status, json: problemOf([status, type, { retryAt }]) });
    }
    api.statuses += 1;
    const response = await route.fetch();
    const view = await response.json();
    for (const channel of ['sms', 'call'].filter((name) => api.told[name])) {
      Object.assign(view.channels[channel], { available: false, reason: 'paused', nextSendAt: api.told[channel] });
    }
    return route.fulfill({ response, json: { ...view, enrolmentPausedUntil: api.told.enrolment } });
  });
  return api;
}

/** What a sentence starts with: the time follows, and advice if there is any. */
const startOf = (login, key) => login.words[key].split('{')[0];

/** Where a sentence is shown. */
const shown = (login, key) => login.main.getByText(startOf(login, key)).filter({ visible: true });

/** Waits until screen readers are told it. */
const announced = (login, key) => login.page.locator('#announcer', { hasText: startOf(login, key) }).waitFor();

/** Enters a number of the country that the page suggests. */
async function enrol(login, user, key) {
  await login.typeNumber(user.number);
  await login.press(key);
}

scenes('While a channel is paused', {}, (scene) => {
  for (const [paused, other, key, otherKey] of [['call', 'sms', 'channel.call', 'channel.sms'], ['sms', 'call', 'channel.sms', 'channel.call']]) {
    scene(`the page says until when and offers the other one: ${paused}`, async ({ context, arrive }) => {
      await operator(context, { [paused]: LONG });
      const login = await arrive();
      await shown(login, `paused.${paused}`).waitFor();
      await login.says(`paused.${other}.instead`);
      assert.deepEqual([await login.offers(key), await login.offers(otherKey)], [false, true]);
      assert.equal(await login.page.locator('#announcer').innerText(), '');
      await login.press(otherKey);
      await login.is(other === 'sms' ? 'code' : 'calling');
    });

    scene(`a pause that begins in between is told at once, and the other channel has the focus: ${paused}`, async ({ context, arrive }) => {
      const api = await operator(context);
      const login = await arrive();
      await login.is('choose');
      api.paused[paused] = LONG;
      await login.press(key);
      await shown(login, `paused.${paused}`).waitFor();
      await announced(login, `paused.${paused}`);
      await login.focused(login.button(otherKey));
      assert.deepEqual([await login.offers(key), await shown(login, `paused.${paused}`).count()], [false, 1]);
      await login.page.keyboard.press('Enter');
      await login.is(other === 'sms' ? 'code' : 'calling');
    });

    scene(`its button comes back by itself and takes the focus from nothing: ${paused}`, async ({ context, arrive }) => {
      await operator(context, { [paused]: SOON });
      const login = await arrive();
      await shown(login, `paused.${paused}`).waitFor();
      await login.button(otherKey).focus();
      await login.button(key).waitFor();
      await login.focused(login.button(otherKey));
      assert.equal(await shown(login, `paused.${paused}`).count(), 0);
    });
  }

  scene('an end on another day is told with its date', async ({ context, arrive }) => {
    await operator(context, { call: 3 * 86_400 });
    const login = await arrive();
    await shown(login, 'paused.call').waitFor();
    const day = new Date(Date.now() + 3 * 86_400_000).toLocaleDateString('en', { dateStyle: 'medium' });
    assert.ok((await login.main.innerText()).includes(`until ${day},`), await login.main.innerText());
  });

  scene('a call that failed leads to the message', async ({ context, arrive, phone }) => {
    const api = await operator(context);
    const login = await arrive();
    await login.callMe();
    api.paused.call = api.told.call = LONG;
    await (await phone.ringing()).ignore();
    await login.is('call-over');
    await shown(login, 'paused.call').waitFor();
    await login.says('paused.sms.instead');
    await login.sendCode();
  });

  scene('an early end is noticed', async ({ context, arrive }) => {
    const api = await operator(context, { call: LONG });
    const login = await arrive();
    await shown(login, 'paused.call').waitFor();
    api.paused = api.told = {};
    await login.button('channel.call').waitFor({ timeout: 40_000 });
    assert.equal(api.statuses, 2);
  });

  scene('a start that is refused before the second script is there is told as soon as it is', async ({ context, arrive }) => {
    let release;
    const released = new Promise((resolve) => { release = resolve; });
    await context.route(/\/later\.[\w-]+\.js/, (route) => released.then(() => route.continue()));
    const api = await operator(context);
    const login = await arrive();
    await login.is('choose');
    api.paused.call = LONG;
    await login.press('channel.call');
    release();
    await announced(login, 'paused.call');
    await login.focused(login.button('channel.sms'));
  });
});

scenes('While both channels are paused', {}, (scene) => {
  scene('the page says until when, looks again when asked to, and says what it found', async ({ context, arrive }) => {
    const api = await operator(context, { sms: LONG, call: LONG });
    const login = await arrive();
    await login.is('paused');
    for (const key of ['paused.sms', 'paused.call', 'paused.wait']) await shown(login, key).waitFor();
    await login.press('unreachable.retry');
    await announced(login, 'paused.call');
    assert.equal(api.statuses, 2);
    await login.is('paused');
    api.paused = api.told = {};
    await login.press('unreachable.retry');
    await login.is('choose');
    await login.focused(login.heading);
  });

  scene('the page looks again by itself, and rarely', async ({ context, arrive }) => {
    const api = await operator(context, { sms: LONG, call: LONG });
    const login = await arrive();
    await login.is('paused');
    await login.page.waitForTimeout(25_000);
    assert.equal(api.statuses, 1);
    api.paused = api.told = {};
    await login.is('choose');
    assert.equal(api.statuses, 2);
  });

  scene('the page goes on by itself at the end, one channel after the other', async ({ context, arrive }) => {
    const api = await operator(context, { sms: SOON, call: LONG });
    const login = await arrive();
    await login.is('paused');
    await login.is('choose');
    await shown(login, 'paused.call').waitFor();
    assert.equal(api.statuses, 1);
    api.paused = {};
    await login.sendCode();
  });

  scene('the second refusal in a row is told with the first one', async ({ context, arrive }) => {
    const api = await operator(context);
    const login = await arrive();
    await login.is('choose');
    api.paused = { sms: LONG, call: LONG };
    await login.press('channel.call');
    await shown(login, 'paused.call').waitFor();
    await login.press('channel.sms');
    await login.is('paused');
    await login.focused(login.heading);
    for (const key of ['paused.sms', 'paused.call']) assert.equal(await shown(login, key).count(), 1, key);
    assert.equal(await shown(login, 'paused.sms.instead').count(), 0);
  });

  scene('a code that was sent is still taken, and its field keeps what is typed', async ({ context, arrive, phone }) => {
    const api = await operator(context);
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    await login.enter(code.slice(0, 3));
    api.paused = { sms: LONG, call: LONG };
    const resend = login.page.getByRole('button', { name: login.words['code.resend'], exact: true });
    await resend.click();
    await announced(login, 'paused.sms');
    await login.says('paused.call.instead');
    await login.focused(login.button('channel.call'));
    assert.equal(await resend.count(), 0);
    await login.page.keyboard.press('Enter');
    await shown(login, 'paused.call').waitFor();
    await login.focused(login.code);
    await login.is('code');
    assert.equal(await shown(login, 'paused.call.instead').count(), 0);
    assert.equal(await login.code.inputValue(), code.slice(0, 3));
    await login.code.pressSequentially(code.slice(3));
    await login.returned();
  });

  scene('a message that was not delivered leads to nothing that is paused', async (stage) => {
    const login = await (await exhibit('code-nothing-else', stage))();
    assert.match(await login.page.locator('#sent').innerText(), /71\.\s*$/);
    assert.deepEqual([await shown(login, 'paused.sms').count(), await shown(login, 'paused.call').count()], [1, 1]);
  });

  scene('a call that rings still ends the sign-in', async ({ context, arrive, phone }) => {
    const api = await operator(context);
    const login = await arrive();
    await login.callMe();
    api.paused = api.told = { sms: LONG, call: LONG };
    const call = await phone.ringing();
    await shown(login, 'paused.sms').waitFor();
    await call.listen();
    await call.press('#');
    await login.returned();
  });
});

scenes('While no number can be added', {}, (scene) => {
  scene('the page says until when, and goes on by itself', async ({ context, stack, arrive, phone, user }) => {
    const api = await operator(context, { enrolment: SOON });
    const login = await arrive({ user: newAccount(stack, { enrolled: false, number: user.number }) });
    await login.is('enrolment-paused');
    await login.says('problem.enrolment-paused');
    await login.is('number');
    await login.focused(login.number);
    assert.equal(api.statuses, 1);
    api.paused = {};
    await enrol(login, user, 'channel.sms');
    await login.enter(await phone.code());
    await login.returned();
  });

  scene('a number that was typed before is still there afterwards', async ({ context, stack, arrive, user }) => {
    const api = await operator(context);
    const login = await arrive({ user: newAccount(stack, { enrolled: false, number: user.number }) });
    await login.is('number');
    api.paused.enrolment = SOON;
    await enrol(login, user, 'channel.sms');
    await login.is('enrolment-paused');
    await login.focused(login.heading);
    assert.equal(await shown(login, 'problem.enrolment-paused').count(), 1);
    await login.is('number');
    assert.equal((await login.number.inputValue()).replaceAll(/\D/g, ''), user.number.slice(1));
  });

  scene('a number is not corrected, but its code is taken', async ({ context, stack, arrive, phone, user }) => {
    const api = await operator(context);
    const login = await arrive({ user: newAccount(stack, { enrolled: false, number: user.number }) });
    await enrol(login, user, 'channel.sms');
    await login.is('code');
    const code = await phone.code();
    await login.press('number.wrong');
    await login.is('number');
    api.paused.enrolment = LONG;
    await enrol(login, user, 'channel.call');
    await login.is('enrolment-paused');
    await login.press('number.keep');
    await login.is('code');
    await login.enter(code);
    await login.returned();
  });

  scene('a code is not sent again, but the one before is taken', async ({ context, stack, arrive, phone, user }) => {
    const api = await operator(context);
    const login = await arrive({ user: newAccount(stack, { enrolled: false, number: user.number }) });
    await enrol(login, user, 'channel.sms');
    await login.is('code');
    api.paused.enrolment = LONG;
    await login.resend();
    await login.says('problem.enrolment-paused');
    await login.is('code');
    await login.enter(await phone.code());
    await login.returned();
  });
});

scenes('While messages to one country are paused', {}, (scene) => {
  scene('a number of that country is told so, and one of another may be entered', async ({ context, stack, arrive, user }) => {
    const api = await operator(context);
    const login = await arrive({ user: newAccount(stack, { enrolled: false, number: user.number }) });
    await login.is('number');
    api.paused.sms = LONG;
    await enrol(login, user, 'channel.sms');
    await shown(login, 'paused.sms').waitFor();
    await login.says('paused.call.instead');
    await login.focused(login.button('channel.call'));
    assert.equal(await login.offers('channel.sms'), false);
    await login.number.fill('+44 7700 900123');
    assert.equal(await login.offers('channel.sms'), true);
    assert.equal(await shown(login, 'paused.sms').count(), 0);
    await login.typeNumber(user.number);
    await login.press('channel.sms');
    await shown(login, 'paused.sms').waitFor();
    api.paused.call = LONG;
    await login.press('channel.call');
    await shown(login, 'paused.call').waitFor();
    await login.is('number');
    await login.focused(login.number);
  });
});

/** Waits for a screen, for as long as the page may take to ask for a status, and the status to know. */
const followed = (login, screen) => login.page.locator(`main[data-screen="${screen}"]`).waitFor({ timeout: 75_000 });

// Each on a stack of its own, because a switch is for everybody.
scenes('An operator who stops calls', {}, (scene) => {
  scene('has messages offered instead, and calls again at the end', async ({ stack, arrive, phone }) => {
    const until = await pause(stack, 'call', 20);
    const login = await arrive();
    await shown(login, 'paused.call').waitFor();
    await login.sendCode();
    await shown(login, 'paused.call').waitFor();
    await login.button('channel.call').waitFor({ timeout: 30_000 });
    assert.ok(Date.now() >= until.getTime() - 1_000);
    await login.callMe();
    const call = await phone.ringing();
    await call.listen();
    await call.press('#');
    await login.returned();
  });
});

scenes('An operator who stops messages to a country in the middle of sign-ins', {}, (scene) => {
  scene('has the page say so at the next press, and codes on their way taken', async ({ stack, arrive, phone }) => {
    const [first, second] = [await arrive(), await arrive({ user: newAccount(stack) })];
    await first.sendCode();
    const code = await phone.code();
    await second.is('choose');
    await pause(stack, 'sms-US', 600);
    // A function may know a switch 30 seconds later.
    await first.page.waitForTimeout(31_000);
    await second.press('channel.sms');
    await shown(second, 'paused.sms').waitFor();
    await second.focused(second.button('channel.call'));
    await second.callMe();
    await shown(first, 'paused.sms').waitFor();
    await first.enter(code);
    await first.returned();
  });
});

scenes('An operator who stops everything', {}, (scene) => {
  scene('has the page wait, and go on when it is allowed again', async ({ stack, arrive, phone }) => {
    for (const channel of ['sms', 'call']) await pause(stack, channel, 600);
    const login = await arrive();
    await login.is('paused');
    for (const channel of ['sms', 'call']) await resume(stack, channel);
    await followed(login, 'choose');
    await login.sendCode();
    await login.enter(await phone.code());
    await login.returned();
  });
});

scenes('An operator who stops enrolment', {}, (scene) => {
  scene('has the page wait, and go on at the end', async ({ stack, user, arrive, phone }) => {
    await pause(stack, 'enrolment', 15);
    const login = await arrive({ user: newAccount(stack, { enrolled: false, number: user.number }) });
    await login.is('enrolment-paused');
    await followed(login, 'number');
    await enrol(login, user, 'channel.sms');
    await login.enter(await phone.code());
    await login.returned();
  });
});
