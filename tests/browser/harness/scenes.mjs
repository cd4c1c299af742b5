// Scenes: tests that each have their own user, phone and browser context, and share a stack per group. Anything that
// our pages must never do fails any scene. Screenshots of failed scenes are in .local/browser.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';

import { newAccount } from './account.mjs';
import { startBackend } from './backend.mjs';
import { launch } from './browser.mjs';
import { LoginPage } from './login-page.mjs';
import { phoneOf } from './phone.mjs';
import { LOGS, startStack } from './stack.mjs';
import { watch } from './watch.mjs';

const PATIENCE = 15_000;

/**
 * @typedef {object} Scene
 * @property {Awaited<ReturnType<typeof startStack>>} stack
 * @property {Awaited<ReturnType<typeof startBackend>>} backend Its pages may frame the login page and get results.
 * @property {ReturnType<typeof newAccount>} user
 * @property {ReturnType<typeof phoneOf>} phone The user's phone.
 * @property {import('playwright-core').BrowserContext} context
 * @property {(options?: object) => Promise<LoginPage>} arrive Opens the login page after the first factor.
 */

/**
 * A group of scenes on one stack.
 * @param {string} name
 * @param {{ settings?: object, concurrency?: number }} options
 * @param {(scene: (name: string, body: (scene: Scene) => Promise<void>, context?: object) => void) => void} define
 */
export function scenes(name, { settings, concurrency = 3 }, define) {
  describe(name, { concurrency }, () => {
    let stage;
    before(async () => { stage = await openStage(name, settings); });
    after(() => stage?.close());
    define((title, body, options = {}) => it(title, { timeout: 90_000 }, () => stage.play(title, body, options)));
  });
}

/** A stack, a backend that it trusts, and a browser. */
export async function openStage(name, settings = {}) {
  const backend = await startBackend();
  const stack = await startStack(name.toLowerCase().replaceAll(/\W+/g, '-'), backend, settings);
  const browser = await launch();

  return {
    stack,
    backend,
    browser,
    async play(title, body, options) {
      const context = await browser.newContext({ locale: 'en-US', ...options });
      context.setDefaultTimeout(PATIENCE);
      const complaints = await watch(context, [stack.url, stack.phone, stack.entra, stack.entra.replace('127.0.0.1', 'localhost'), backend.origin]);
      const user = newAccount(stack);
      const arrive = (how) => LoginPage.open(context, { stack, backend, user, ...how });
      try {
        await body({ stack, backend, user, phone: phoneOf(stack, user.number), context, arrive, complaints });
        assert.deepEqual(complaints, []);
      } catch (error) {
        await photograph(context, title);
        throw error;
      } finally {
        await context.unrouteAll({ behavior: 'ignoreErrors' }); // a poll may be in flight
        await context.close();
      }
    },
    async close() {
      await browser.close();
      await stack.close();
      await backend.close();
    },
  };
}

async function photograph(context, title) {
  const folder = `${LOGS}/browser`;
  mkdirSync(folder, { recursive: true });
  for (const [index, page] of context.pages().entries()) {
    await page.screenshot({ path: `${folder}/${title.replaceAll(/\W+/g, '-').slice(0, 80)}-${index}.png` });
  }
}
