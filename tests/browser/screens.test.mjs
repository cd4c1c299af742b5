// Every screen, for everyone: in each language, in light and dark, narrow and enlarged, by what assistive technology
// makes of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import axe from 'axe-core';

import { EXHIBITS, visit } from './harness/gallery.mjs';
import { scenes } from './harness/scenes.mjs';
import { wordsOf } from './harness/words.mjs';

const LOCALES = ['en', 'es', 'fr', 'de', 'pt', 'it', 'ja', 'zh', 'ar'];
const NARROW = { viewport: { width: 320, height: 640 } };
// Half the pixels of a common window, twice as large: what a browser makes of 200 %.
const ENLARGED = { viewport: { width: 640, height: 360 }, deviceScaleFactor: 2 };
const STANDARDS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

scenes('Screens', {}, (scene) => {
  for (const exhibit of Object.keys(EXHIBITS)) {
    for (const colorScheme of ['light', 'dark']) {
      scene(`${exhibit} is accessible in ${colorScheme} colours`, async ({ context, ...stage }) => {
        const login = await visit(context, exhibit, stage);
        assert.deepEqual(await violations(login.page), []);
        assert.equal(await login.heading.count(), 1);
        assert.ok(await login.page.title());
      }, { colorScheme, reducedMotion: 'reduce' });
    }

    for (const [size, options] of [['320 pixels wide', NARROW], ['enlarged to 200 %', ENLARGED]]) {
      scene(`${exhibit} fits when it is ${size}`, async ({ context, ...stage }) => {
        await fits(await visit(context, exhibit, stage));
      }, options);
    }
  }
});

for (const locale of LOCALES) {
  scenes(`Screens in ${locale}`, {}, (scene) => {
    const [english, words] = [wordsOf('en'), wordsOf(locale)];
    // Long sentences only: a short one, such as "OK", may be the same in two languages.
    const foreign = locale === 'en' ? [] : Object.entries(english).filter(([key, text]) => text.length > 15 && words[key] !== text);

    for (const exhibit of Object.keys(EXHIBITS)) {
      scene(`${exhibit} is said in ${locale}, and fits`, async ({ context, ...stage }) => {
        const login = await visit(context, exhibit, { ...stage, locale });
        assert.deepEqual(await login.page.locator('html').evaluate(({ lang, dir }) => [lang, dir]), [locale, locale === 'ar' ? 'rtl' : 'ltr']);
        const text = await login.page.locator('body').innerText();
        assert.doesNotMatch(text, /[{}]|undefined|null|NaN|\b[a-z]+\.[a-z-]+\.[a-z-]+\b/);
        assert.deepEqual(foreign.filter(([, sentence]) => text.includes(sentence.split('{')[0]) && sentence.split('{')[0].length > 15), []);
        await fits(login);
      }, { ...NARROW, locale });
    }
  });
}

scenes('Every problem', {}, (scene) => {
  const contract = readFileSync(new URL('../../infra/openapi.yaml', import.meta.url), 'utf8');
  const problems = new Set([...contract.matchAll(/urn:alliance-mfa:problem:([a-z-]+)/g)].map(([, type]) => type));

  for (const type of problems) {
    scene(`${type} is a sentence, to whoever asks for a code`, async ({ context, ...stage }) => {
      EXHIBITS[`problem-${type}`] = {
        screen: 'choose',
        view: { phoneNumber: '+•••••••••71' },
      };
      const login = await visit(context, `problem-${type}`, stage);
      await context.route('**/v1/challenge', (route) => (route.request().method() === 'GET' ? route.fallback() : route.fulfill({
        status: 422,
        contentType: 'application/problem+json',
        body: JSON.stringify({ type: `urn:alliance-mfa:problem:${type}`, title: type, status: 422, detail: 'Detail' }),
      })));
      const before = await login.main.innerText();
      await login.press('channel.sms');
      await login.page.waitForFunction((was) => document.querySelector('main').innerText !== was, before);
      const text = await login.page.locator('body').innerText();
      assert.doesNotMatch(text, /Detail|problem\.|undefined/);
    });
  }
});

scenes('What readers hear', {}, (scene) => {
  scene('the focus follows to each new screen, and its heading is read', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.callMe();
    await login.focused(login.heading);
    await (await phone.ringing()).ignore();
    await login.is('call-over');
    await login.focused(login.heading);
  });

  scene('a countdown is not read out second by second', async ({ context, ...stage }) => {
    const login = await visit(context, 'code', stage);
    await login.page.evaluate(() => {
      window.spoken = [];
      const live = document.querySelectorAll('[aria-live]:not([aria-live="off"]), [role=status], [role=alert]');
      for (const element of live) {
        new MutationObserver(() => window.spoken.push(element.textContent)).observe(element, { childList: true, subtree: true, characterData: true });
      }
    });
    await login.page.waitForTimeout(4_500);
    const spoken = await login.page.evaluate(() => window.spoken);
    assert.ok(spoken.length <= 1, spoken.join(' | '));
  });

  scene('nothing moves for who wants no motion', async ({ context, ...stage }) => {
    const login = await visit(context, 'calling-ringing', stage);
    assert.deepEqual(await moving(login.page), []);
  }, { reducedMotion: 'reduce' });

  scene('the phone on the screen rings for everybody else', async ({ context, ...stage }) => {
    const login = await visit(context, 'calling-ringing', stage);
    assert.notDeepEqual(await moving(login.page), []);
  });

  scene('the focus can be seen on everything that takes it', async ({ context, ...stage }) => {
    for (const exhibit of ['choose', 'number', 'code-offer']) {
      const login = await visit(context, exhibit, stage);
      const stops = new Set();
      for (let presses = 0; presses < 15; presses += 1) {
        await login.page.keyboard.press('Tab');
        const { name, seen, size } = await login.page.evaluate(() => {
          const element = document.activeElement;
          const style = getComputedStyle(element);
          const { width, height } = element.getBoundingClientRect();
          const seen = style.outlineStyle !== 'none' || style.boxShadow !== 'none';
          return { name: element === document.body ? null : element.outerHTML.slice(0, 80), seen, size: Math.min(width, height) };
        });
        if (!name) continue;
        stops.add(name);
        assert.ok(seen, `no focus to be seen on ${name}`);
        assert.ok(size >= 24, `${name} is ${size} pixels small`);
      }
      assert.ok(stops.size >= 2, `${exhibit}: ${[...stops]}`);
      await context.unrouteAll({ behavior: 'ignoreErrors' });
    }
  });
});

async function violations(page) {
  await page.evaluate(axe.source);
  const found = await page.evaluate((values) => axe.run({ runOnly: { type: 'tag', values } }), STANDARDS);
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`);
}

async function fits({ page }) {
  const { wide, beyond } = await page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    const beyond = [...document.querySelectorAll('body *')]
      .filter((element) => element.checkVisibility() && !element.closest('.unseen, svg'))
      .filter((element) => { const { left, right, width } = element.getBoundingClientRect(); return width > 0 && (left < -1 || right > clientWidth + 1); })
      .map((element) => element.outerHTML.slice(0, 100));
    return { wide: scrollWidth > clientWidth, beyond };
  });
  assert.deepEqual({ wide, beyond }, { wide: false, beyond: [] });
}

const moving = (page) => page.evaluate(() => document.getAnimations()
  .filter((animation) => animation.playState === 'running' && animation.effect.getComputedTiming().duration > 10)
  .map((animation) => animation.animationName ?? animation.transitionProperty));
