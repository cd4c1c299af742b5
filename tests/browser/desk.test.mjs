// The local stack's own page for trying out the product: a desk in place of the hosted login, the login page in a frame,
// and a phone beside it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { violations } from './harness/accessibility.mjs';
import { eventually } from './harness/eventually.mjs';
import { scenes } from './harness/scenes.mjs';
import { pattern, wordsOf } from './harness/words.mjs';

const words = wordsOf('en');

scenes('Desk', { concurrency: 1 }, (scene) => {
  scene('a code from the phone on the desk signs in, and the backend says who it is', async ({ context, stack }) => {
    const { desk, login } = await begin(context, stack, 'alice');
    await login.getByRole('button', { name: /^Send Code/ }).click();
    const [, code] = await arrives(desk, /(\d{6}) is your/);
    await login.getByLabel('Six-digit code').fill(code);
    await desk.getByRole('heading', { name: 'alice is signed in' }).waitFor();
    assert.match(await desk.getByRole('row', { name: /^amr/ }).innerText(), /"sms"/);
    assert.deepEqual(await violations(desk), []);
  });

  scene('a call answered on the desk\'s phone signs in with the keyboard', async ({ context, stack }) => {
    const { desk, login } = await begin(context, stack, 'bob');
    await login.getByRole('button', { name: /^Call Me/ }).click();
    await desk.getByRole('button', { name: 'Accept' }).click();
    await desk.getByRole('log', { name: 'What the caller says' }).getByText(/press the pound key/).waitFor();
    await desk.keyboard.press('#');
    await desk.getByRole('heading', { name: 'bob is signed in' }).waitFor();
  });

  scene('the frame grows with the login page in it', async ({ context, stack }) => {
    const { desk, login } = await begin(context, stack, 'newcomer');
    await desk.setViewportSize({ width: 1300, height: 480 });
    const last = login.getByRole('button', { name: 'Back to sign-in' });
    await last.click();
    await desk.getByRole('heading', { name: 'Not signed in' }).waitFor();
  });

  scene('a login by redirect ends on a backend\'s page that has verified the result', async ({ context, stack }) => {
    const desk = await open(context, stack);
    await desk.getByText('newcomer', { exact: true }).click();
    await desk.getByText('By redirect', { exact: true }).click();
    const opened = context.waitForEvent('page');
    await desk.getByRole('button', { name: 'Continue' }).click();
    const login = await opened;
    await login.getByRole('textbox', { name: 'Phone number' }).fill('415 555 0123');
    await login.getByRole('button', { name: /^Send Code/ }).click();
    await login.getByLabel('Six-digit code').waitFor();
    const [, code] = await arrives(desk, /(\d{6}) is your/);
    await login.getByLabel('Six-digit code').fill(code);
    await login.getByRole('heading', { name: /is signed in$/ }).waitFor();
    assert.equal(new URL(login.url()).hash, '', 'the result is removed from the address');
    assert.match(await login.getByRole('row', { name: /^enrolled_now/ }).innerText(), /true/);
  });

  for (const [way, account, ending] of [
    ['As Entra would', 'newcomer', 'Signed in'],
    ['As Cognito would', 'alice', /is signed in$/],
  ]) {
    scene(`a login ${way} have it ends where that shows what it takes`, async ({ context, stack }) => {
      const desk = await open(context, stack);
      await desk.getByText(account, { exact: true }).click();
      await desk.getByText(way, { exact: true }).click();
      const opened = context.waitForEvent('page');
      await desk.getByRole('button', { name: 'Continue' }).click();
      const login = await opened;
      const number = login.getByRole('textbox', { name: 'Phone number' });
      if (account === 'newcomer') await number.fill('415 555 0199');
      await login.getByRole('button', { name: /^Send Code/ }).click();
      await login.getByLabel('Six-digit code').waitFor();
      const [, code] = await arrives(desk, /(\d{6}) is your/);
      await login.getByLabel('Six-digit code').fill(code);
      await login.getByRole('heading', { name: ending }).waitFor();
      assert.equal(new URL(login.url()).hash, '');
    });
  }

  scene('a login to try a wrong code on has its code on the phone, and counts the tries', async ({ context, stack }) => {
    const { desk, login } = await attempt(context, stack, 'Enter a wrong code');
    const [, code] = await arrives(desk, /(\d{6}) is your/);
    await login.getByLabel('Six-digit code').fill(code === '000000' ? '000001' : '000000');
    await login.getByText(pattern(words['code.wrong.other'], { count: 4 })).waitFor();
    assert.deepEqual(await violations(desk), []);
  });

  scene('a login to try expiry on shows it within seconds', async ({ context, stack }) => {
    const { login } = await attempt(context, stack, 'Let a code expire');
    await login.getByRole('heading', { name: words['expired.heading'] }).waitFor();
  });

  scene('a login to reload halfway goes on where it was', async ({ context, stack }) => {
    const { desk, login } = await attempt(context, stack, 'Reload halfway');
    await login.getByLabel('Six-digit code').waitFor();
    await desk.getByRole('button', { name: 'Reload the login page' }).click();
    await login.getByLabel('Six-digit code').waitFor();
    const [, code] = await arrives(desk, /(\d{6}) is your/);
    await login.getByLabel('Six-digit code').fill(code);
    await desk.getByRole('heading', { name: /alice-\w+ is signed in/ }).waitFor();
  });

  scene('a login to miss the call of rings on the desk\'s phone', async ({ context, stack }) => {
    const { desk, login } = await attempt(context, stack, 'Miss the call');
    await desk.getByRole('button', { name: 'Decline' }).click();
    await login.getByRole('heading', { name: words['call.busy'] }).waitFor();
  });

  scene('a login to refuse in a call says so, and does not block the next thing to try', async ({ context, stack }) => {
    const { desk } = await attempt(context, stack, 'Say “this was not me”');
    await desk.getByRole('button', { name: 'Accept' }).click();
    await desk.locator('#keypad.awaited').waitFor();
    await desk.keyboard.press('0');
    await desk.getByRole('list', { name: /^Messages and calls/ }).getByText('Call', { exact: true }).waitFor();
    await desk.getByRole('button', { name: 'Say “this was not me”' }).click();
    await desk.getByRole('button', { name: 'Accept' }).waitFor();
  });

  scene('a user who signs in twice at once gets the second login in a tab', async ({ context, stack }) => {
    const desk = await open(context, stack);
    const opened = context.waitForEvent('page');
    await desk.getByRole('button', { name: 'Sign in twice at once' }).click();
    const second = await opened;
    await desk.frameLocator('iframe').getByRole('button', { name: /^Call Me/ }).click();
    await desk.getByRole('button', { name: 'Accept' }).waitFor();
    await second.getByRole('button', { name: /^Send Code/ }).click();
    await desk.frameLocator('iframe').getByText(pattern(words['call.four-digits'])).waitFor();
  });

  scene('messages that fail are shown on the network\'s switch, and a call is the way on', async ({ context, stack }) => {
    const { desk, login } = await attempt(context, stack, 'Fail to send messages');
    const messages = desk.locator('[data-fault=sms]');
    await eventually('the fault', async () => await messages.inputValue() === '500');
    await login.getByRole('button', { name: /^Send Code/ }).click();
    await login.getByRole('button', { name: /^Call Me/ }).click();
    await desk.getByRole('button', { name: 'Accept' }).waitFor();
    const restored = desk.waitForResponse(`${stack.phone}/faults`);
    await messages.selectOption('none');
    await restored; // or the next scene finds the fault
  });

  scene('a message through End User Messaging is on the phone with its sender, and its receipts are in the timeline', async ({ context, stack }) => {
    const desk = await open(context, stack);
    const { MessageId } = await endUserMessaging(context, stack, 'SendTextMessage', message('Alliance'));
    const notes = desk.getByRole('list', { name: /^Messages and calls/ });
    await notes.getByText('from Alliance to +1 415 555 2671').waitFor();
    const sent = listed(desk, 'SendTextMessage').first();
    assert.match(await sent.innerText(), /from Alliance · challenge · receipt/);
    await listed(desk, 'TEXT_DELIVERED').first().click();
    const receipt = desk.locator('#timeline details[open]');
    await receipt.getByText(`"messageId": "${MessageId}"`).waitFor();
    await receipt.getByText('"receipt": "AAECAwQFBgcICQoLDA0ODw"').waitFor();

    const feedback = { MessageId, MessageFeedbackStatus: 'RECEIVED' };
    assert.deepEqual(await endUserMessaging(context, stack, 'PutMessageFeedback', feedback), feedback);
    assert.match(await listed(desk, 'PutMessageFeedback').first().innerText(), /RECEIVED/);
    assert.deepEqual(await violations(desk), []);
  });

  scene('the network\'s switches say how receipts come and what is refused', async ({ context, stack }) => {
    const desk = await open(context, stack);
    const [messages, receipts] = [desk.locator('[data-fault=sms]'), desk.locator('[data-fault=receipts]')];
    const frames = () => Promise.all([messages, receipts].map((field) => field.evaluate((select) => getComputedStyle(select).boxShadow !== 'none')));
    assert.deepEqual(await frames(), [false, false], 'nothing is out of the ordinary');
    const reported = desk.waitForResponse(`${stack.phone}/faults`);
    await receipts.selectOption('say “unreachable”');
    await reported;
    await endUserMessaging(context, stack, 'SendTextMessage', message('Unheard'));
    await listed(desk, 'TEXT_UNREACHABLE').first().waitFor();
    assert.deepEqual(await frames(), [false, true]);
    const notes = desk.getByRole('list', { name: /^Messages and calls/ });
    assert.equal(await notes.getByRole('listitem').count(), 0, 'it does not arrive');

    const refused = desk.waitForResponse(`${stack.phone}/faults`);
    await messages.selectOption('are refused: stopped by STOP');
    await refused;
    const { Reason } = await endUserMessaging(context, stack, 'SendTextMessage', message('Refused'));
    assert.equal(Reason, 'DESTINATION_PHONE_NUMBER_OPTED_OUT');
    await listed(desk, Reason).first().waitFor();

    await desk.reload();
    await eventually('the kept switches', async () => await messages.inputValue() === 'opted-out' && await receipts.inputValue() === 'undeliverable');
    await context.request.post(`${stack.phone}/faults`, { data: { sms: 'none', receipts: 'delivered' } });
    await eventually('the changed switches', async () => await messages.inputValue() === 'none' && await receipts.inputValue() === 'delivered');
  });

  scene('a user without a number can add one', async ({ context, stack }) => {
    const { login } = await attempt(context, stack, 'Add a number');
    await login.getByRole('textbox', { name: 'Phone number' }).waitFor();
  });

  scene('the running login can expire at any moment', async ({ context, stack }) => {
    const { desk, login } = await begin(context, stack, 'bob');
    await login.getByRole('button', { name: /^Call Me/ }).waitFor();
    await login.getByRole('button', { name: /^Send Code/ }).click();
    await login.getByLabel('Six-digit code').waitFor();
    await desk.getByRole('button', { name: 'Expire now' }).click();
    await login.getByRole('heading', { name: words['expired.heading'] }).waitFor();
    await desk.getByRole('button', { name: 'Expire now' }).click();
    await desk.getByText('Nothing to expire').waitFor();
  });

  scene('the phone shows one number if asked to, and can be cleared', async ({ context, stack }) => {
    const { desk } = await attempt(context, stack, 'Enter a wrong code');
    await arrives(desk, /is your/);
    await desk.locator('.desk[aria-busy="false"]').waitFor(); // it does one thing at a time
    await desk.getByRole('button', { name: 'Reload halfway' }).click();
    const number = desk.getByLabel('Number whose messages and calls are shown');
    const notes = desk.getByRole('list', { name: /^Messages and calls/ }).getByRole('listitem');
    await eventually('the second number', async () => await number.getByRole('option').count() >= 3);
    const all = await notes.count();
    await number.selectOption({ index: 1 });
    assert.ok(await notes.count() < all, `${await notes.count()} of ${all}`);
    await number.selectOption('');
    assert.equal(await notes.count(), all);

    await desk.getByRole('button', { name: 'Clear the phone' }).click();
    await desk.getByText('No messages or calls yet.').waitFor();
    assert.equal(await notes.count(), 0);
    assert.equal(await number.getByRole('option').count(), 1);
  });

  scene('a request in the timeline is copied as a command that sends it again', async ({ context, stack }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: stack.phone });
    const { desk, login } = await attempt(context, stack, 'Enter a wrong code');
    await login.getByLabel('Six-digit code').waitFor();
    const poll = listed(desk, 'GET /v1/challenge');
    await poll.first().click();
    await desk.locator('#timeline details[open]').getByText('"state": "pending"').waitFor();
    assert.deepEqual(await violations(desk), []);
    assert.match(await sentAgain(desk), /^HTTP\/1\.1 200[\s\S]*"state":"pending"/);
  });

  scene('a webhook in the timeline can be sent again as the provider signed it', async ({ context, stack }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: stack.phone });
    const { desk } = await attempt(context, stack, 'Miss the call');
    await desk.getByRole('button', { name: 'Decline' }).click();
    const webhook = listed(desk, 'busy').first();
    await webhook.click();
    await desk.locator('#timeline details[open]').getByText('CallStatus: busy').waitFor();
    assert.match(await sentAgain(desk), /^HTTP\/1\.1 20\d/);
  });

  scene('the login page is shown as wide as a phone, dark, and from right to left, also after a reload', async ({ context, stack }) => {
    const { desk, login } = await begin(context, stack, 'alice');
    await login.getByRole('button', { name: /^Send Code/ }).waitFor();
    const page = login.locator('html');
    const isDark = () => page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches);
    assert.equal(await isDark(), false);
    for (const name of ['Phone width', 'Dark', 'Right to left']) await desk.getByRole('button', { name }).click();
    await login.locator('html[dir=rtl]').waitFor();
    assert.equal((await desk.locator('iframe').boundingBox()).width, 390);
    assert.equal(await isDark(), true);

    await desk.reload();
    await desk.getByRole('button', { name: 'Phone width', pressed: true }).waitFor();
  }, { colorScheme: null }); // emulation would hide what the frame is given

  scene('the desk says why the functions do not answer, and opens the login page when they do', async ({ context, stack, complaints }) => {
    const desk = await context.newPage();
    const { body, pass } = await held(desk, stack, 'Another cargo build holds the lock');
    await desk.goto(stack.phone);
    await desk.getByText('Another cargo build holds the lock').waitFor();
    await desk.getByRole('button', { name: 'Continue' }).click();
    await desk.frameLocator('iframe').getByText(body).waitFor();
    assert.deepEqual(await violations(desk), []);
    assert.match(complaints.splice(0).join(), /^console: Failed to load resource: [^,]* 503 [^,]*$/);
    pass();
    await desk.frameLocator('iframe').getByRole('button', { name: /^Send Code/ }).waitFor();
    assert.equal(await desk.locator('#compiler').textContent(), '');
  });

  for (const [width, colorScheme] of [[360, 'light'], [800, 'dark'], [1440, 'dark']]) {
    scene(`the desk fits a window ${width} wide, ${colorScheme}, and can be used by keyboard`, async ({ context, stack }) => {
      const desk = await open(context, stack);
      await desk.setViewportSize({ width, height: 900 });
      assert.deepEqual(await violations(desk), []);
      assert.ok(await desk.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is cut off');
      await desk.getByRole('button', { name: 'Enter a wrong code' }).focus();
      await desk.keyboard.press('Enter');
      await desk.frameLocator('iframe').getByLabel('Six-digit code').waitFor();
      assert.ok(await desk.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is cut off');
    }, { colorScheme });
  }
});

/** Opens the desk with an empty phone, whatever the scene before left on it. */
async function open(context, stack) {
  const calls = await (await context.request.get(`${stack.phone}/calls`)).json();
  for (const { sid } of calls) await context.request.post(`${stack.phone}/calls/${sid}/hangup`);
  await eventually('an empty phone', async () => {
    await context.request.post(`${stack.phone}/clear`);
    return (await (await context.request.get(`${stack.phone}/calls`)).json()).length === 0;
  });
  const desk = await context.newPage();
  await desk.goto(stack.phone);
  return desk;
}

/** Opens the desk and passes the first factor as `account`, which shows the login page in the frame. */
async function begin(context, stack, account) {
  const desk = await open(context, stack);
  await desk.getByText(account, { exact: true }).click();
  await desk.getByRole('button', { name: 'Continue' }).click();
  return { desk, login: desk.frameLocator('iframe') };
}

/** The newest notification that matches `words`. */
async function arrives(desk, words) {
  const note = desk.getByRole('list', { name: /^Messages and calls/ }).getByText(words).first();
  return words.exec(await note.innerText());
}

/** Opens the desk and the login page by one of the things to try. */
async function attempt(context, stack, name) {
  const desk = await open(context, stack);
  await desk.getByRole('button', { name }).click();
  return { desk, login: desk.frameLocator('iframe') };
}

/** The entries of the timeline for a method and path, newest first. */
const listed = (desk, request) => desk.locator('#timeline summary').filter({ hasText: request });

/** A message as the product sends it. */
const message = (OriginationIdentity) => ({
  DestinationPhoneNumber: '+14155552671',
  OriginationIdentity,
  MessageBody: '123456 is your Alliance code.\n\n@login.example.com #123456',
  Context: { challenge: 'AAAA', receipt: 'AAECAwQFBgcICQoLDA0ODw' },
  MessageFeedbackEnabled: true,
});

/** Calls an operation of End User Messaging as the AWS SDKs do, and returns what is answered. */
async function endUserMessaging(context, stack, operation, input) {
  const answer = await context.request.post(stack.phone, {
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `PinpointSMSVoiceV2.${operation}` },
    data: JSON.stringify(input),
  });
  return answer.json();
}

/** Copies the command of the open entry, runs it, and returns what it prints. */
async function sentAgain(desk) {
  await desk.locator('#timeline details[open]').getByRole('button', { name: 'Copy as curl' }).click();
  await desk.getByRole('button', { name: 'Copied' }).waitFor();
  const command = await desk.evaluate(() => navigator.clipboard.readText());
  const { stdout } = await promisify(execFile)('sh', ['-c', `${command} --silent`]);
  return stdout;
}

/** Has the stack tell this page, and answer its frame, that the functions do not answer because of `word`. */
async function held(desk, stack, word) {
  let holds = true;
  const body = JSON.stringify({ message: word });
  await desk.route(`${stack.phone}/live`, (route) => {
    const state = {
      messages: [], calls: [], faults: { sms: 'none', receipts: 'delivered', voice: 'none' }, voicemail: false, timeline: 0, compiler: holds ? word : null,
    };
    // The browser connects again at once.
    return route.fulfill({ contentType: 'text/event-stream', body: `retry: 100\ndata: ${JSON.stringify(state)}\n\n` });
  });
  await desk.route(`${stack.url}/`, (route) => (holds ? route.fulfill({ status: 503, contentType: 'application/json', body }) : route.continue()));
  return { body: word, pass() { holds = false; } };
}
