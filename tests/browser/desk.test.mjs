// The local stack's own page for trying out the product: a desk in place of the hosted login, the login page in a frame,
// and a phone beside it.

import assert from 'node:assert/strict';

import { violations } from './harness/accessibility.mjs';
import { scenes } from './harness/scenes.mjs';

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
});

async function open(context, stack) {
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
