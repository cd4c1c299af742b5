// Every screen in every language, light and dark, narrow and enlarged, checked for accessibility.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { violations } from './harness/accessibility.mjs';
import { EXHIBITS, exhibit, problemOf } from './harness/gallery.mjs';
import { scenes } from './harness/scenes.mjs';
import { LOCALES, pattern, wordsOf } from './harness/words.mjs';

const NARROW = { width: 320, height: 640 };
// A common window at 200 %: half as many CSS pixels.
const ENLARGED = { width: 640, height: 360 };
// The starts of English sentences, long enough not to occur in another language.
const ENGLISH = Object.values(wordsOf('en')).map((sentence) => sentence.split('{')[0]).filter((part) => part.length > 15);

/** Problems after which the page requests the state, which explains them. */
const EXPLAINED_BY_STATE = {
  denied: { state: 'denied' },
  blocked: { state: 'blocked' },
  locked: { state: 'locked' },
  'too-many-failures': { state: 'locked', retryAt: '2100-01-01T00:00:00Z' },
  'challenge-closed': { state: 'expired' },
  'phone-number-required': { phoneNumber: null },
};

scenes('Screens', {}, (scene) => {
  for (const name of Object.keys(EXHIBITS)) {
    scene(`${name} is accessible, light and dark, narrow and enlarged`, async (stage) => {
      const { page, heading } = await (await exhibit(name, stage))();
      assert.equal(await heading.count(), 1);
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await violations(page), [], colorScheme);
      }
      for (const viewport of [NARROW, ENLARGED]) {
        await page.setViewportSize(viewport);
        assert.deepEqual(await overflow(page), [], `${viewport.width} pixels wide`);
      }
      await page.setViewportSize(NARROW);
      await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
      assert.deepEqual(await overflow(page), [], 'text at 200 %');
      assert.deepEqual(await page.evaluate(clipped), [], 'text at 200 %');
    }, { reducedMotion: 'reduce', deviceScaleFactor: 2 });

    scene(`${name} is translated into every language and fits`, async (stage) => {
      const open = await exhibit(name, stage);
      let page;
      for (const locale of LOCALES) {
        ({ page } = await open(locale, page));
        assert.deepEqual(await page.evaluate(languages), [locale, locale === 'ar' ? 'rtl' : 'ltr']);
        const text = await page.locator('body').innerText();
        assert.doesNotMatch(text, /[{}]|\b(undefined|null|NaN)\b|\b[a-z]+(\.[a-z-]+){2,}\b/, locale);
        assert.deepEqual(ENGLISH.filter((part) => locale !== 'en' && text.includes(part)), [], locale);
        assert.deepEqual(await overflow(page), [], locale);
      }
    }, { viewport: NARROW, reducedMotion: 'reduce' });
  }
});

scenes('Every problem', {}, (scene) => {
  const contract = readFileSync(new URL('../../infra/openapi.yaml', import.meta.url), 'utf8');
  const named = [...contract.matchAll(/urn:alliance-mfa:problem:([a-z-]+)/g)].map(([, type]) => type);
  const types = new Set(named.filter((type) => !type.startsWith('code-'))); // those are shown at the field, see codes.test.mjs

  for (const type of types) {
    scene(`${type} is explained in the page's own words, not the API's`, async ({ context, arrive }) => {
      const login = await arrive();
      await login.is('choose');
      const before = await login.main.innerText();
      await context.route('**/v1/challenge', async (route) => {
        if (route.request().method() === 'POST') return route.fulfill({ status: 422, json: problemOf([422, type, { retryAt: '2100-01-01T00:00:00Z' }]) });
        const response = await route.fetch();
        return route.fulfill({ response, json: { ...(await response.json()), ...EXPLAINED_BY_STATE[type] } });
      });
      await login.press('channel.sms');
      await login.page.waitForFunction((was) => !document.querySelector('main').innerText.startsWith(was), before);
      assert.doesNotMatch(await login.page.locator('body').innerText(), /For developers|problem\.|undefined/);
    });
  }
});

scenes('Where a number is typed', {}, (scene) => {
  const LINKS = ['number.terms', 'number.privacy'];
  for (const [name, said, unsaid] of [
    ['number', ['number.consent', ...LINKS], ['number.rates']],
    ['number-correcting', ['number.consent', ...LINKS], ['number.rates']],
    ['number-without-links', ['number.consent'], [...LINKS, 'number.rates']],
    ['number-by-call', ['number.rates'], ['number.consent', ...LINKS]],
  ]) {
    scene(`what registrations of senders ask for is said if messages are sent: ${name}`, async (stage) => {
      const open = await exhibit(name, stage);
      let page;
      for (const locale of LOCALES) {
        const login = await open(locale, page);
        ({ page } = login);
        const text = await login.main.innerText();
        const says = (key) => pattern(login.words[key]).test(text);
        assert.deepEqual([said.filter((key) => !says(key)), unsaid.filter(says)], [[], []], locale);
        for (const word of said.includes('number.consent') ? ['Alliance', 'STOP', 'HELP', login.words['channel.sms']] : []) {
          assert.ok(text.includes(word), `${locale}: ${word}`);
        }
      }
    });
  }
});

scenes('What became of the message', {}, (scene) => {
  for (const name of Object.keys(EXHIBITS).filter((name) => /^code(-not)?(-delivered|$)/.test(name))) {
    scene(`takes two lines on a phone in every language, so that nothing moves: ${name}`, async (stage) => {
      const open = await exhibit(name, stage);
      let page;
      for (const locale of LOCALES) {
        ({ page } = await open(locale, page));
        const lines = await page.locator('#sent').evaluate((element) => {
          const { lineHeight } = getComputedStyle(element);
          return element.getBoundingClientRect().height / parseFloat(lineHeight);
        });
        assert.equal(lines, 2, locale);
      }
    }, { viewport: { width: 390, height: 640 }, reducedMotion: 'reduce' });
  }
});

scenes('Screen readers and keyboards', {}, (scene) => {
  scene('the focus moves to the heading of each new screen without a field', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.callMe();
    await login.focused(login.heading);
    await (await phone.ringing()).ignore();
    await login.is('call-over');
    await login.focused(login.heading);
  });

  for (const name of Object.keys(EXHIBITS)) {
    scene(`what there is to do is at most one Tab away: ${name}`, async (stage) => {
      const { page } = await (await exhibit(name, stage))();
      if (!(await page.evaluate(isActionable))) return;
      if (!(await page.evaluate(isAtAction))) await page.keyboard.press('Tab');
      assert.ok(await page.evaluate(isAtAction), await page.evaluate(() => document.activeElement.outerHTML.slice(0, 100)));
    });
  }

  scene('a translated page stays translated, and says nothing twice', async (stage) => {
    const login = await (await exhibit('code', stage))();
    await login.page.evaluate(() => {
      window.spoken = [];
      new MutationObserver(() => window.spoken.push(document.querySelector('#announcer').textContent))
        .observe(document.querySelector('#announcer'), { childList: true, subtree: true, characterData: true });
      const texts = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        const { currentNode: text } = texts;
        if (!/\d/.test(text.data) && !text.parentElement.closest('[translate=no]')) text.data = `~${text.data}`;
      }
    });
    await login.page.waitForTimeout(3_500);
    assert.deepEqual(await login.page.evaluate(() => window.spoken), []);
    assert.match(await login.heading.innerText(), /^~/);
    assert.match(await login.main.innerText(), /~We’re sending a text message/);
  });

  scene('codes and numbers are not translated', async (stage) => {
    const login = await (await exhibit('calling-match-digits', stage))();
    for (const text of ['47', '#', '+•••••••••71']) {
      const element = login.main.getByText(text, { exact: true }).first();
      assert.equal(await element.evaluate((found) => found.translate), false, text);
    }
  });

  scene('the field for the code is not translated', async (stage) => {
    const login = await (await exhibit('code', stage))();
    assert.equal(await login.code.evaluate((field) => field.translate), false);
  });

  scene('a masked number is read as its last digits', async (stage) => {
    const login = await (await exhibit('code', stage))();
    assert.match(await login.main.ariaSnapshot(), /number ending in 71/);
    assert.doesNotMatch(await login.main.ariaSnapshot(), /•/);
  });

  scene('a countdown is not read aloud every second', async (stage) => {
    const login = await (await exhibit('code', stage))();
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

  scene('nothing moves for users who prefer reduced motion', async (stage) => {
    const login = await (await exhibit('calling-ringing', stage))();
    assert.deepEqual(await moving(login.page), []);
  }, { reducedMotion: 'reduce' });

  scene('the phone icon moves for everyone else', async (stage) => {
    const login = await (await exhibit('calling-ringing', stage))();
    assert.notDeepEqual(await moving(login.page), []);
  });

  for (const name of ['choose', 'number', 'code-offer']) {
    scene(`everything that can be focused shows it and is large enough: ${name}`, async (stage) => {
      const login = await (await exhibit(name, stage))();
      await login.page.evaluate(() => document.activeElement.blur());
      const stops = [];
      for (;;) {
        await login.page.keyboard.press('Tab');
        const stop = await login.page.evaluate(focused);
        if (!stop || stops.some(({ html }) => html === stop.html)) break;
        stops.push(stop);
      }
      assert.ok(stops.length >= 3, JSON.stringify(stops));
      assert.deepEqual(stops.filter(({ seen, size }) => !seen || size < 24), []);
    });
  }
});

/** Whether the screen has a field or a main button. */
const isActionable = () => Boolean(document.querySelector('main :is(input, .main, .choice)'));
const isAtAction = () => document.activeElement.matches('main :is(input, .main, .choice)');

/** The focused element, whether the focus is visible, and its smaller side. */
function focused() {
  const element = document.activeElement;
  if (element === document.body) return null;
  const { outlineStyle, boxShadow } = getComputedStyle(element);
  const { width, height } = element.getBoundingClientRect();
  return { html: element.outerHTML.slice(0, 100), seen: outlineStyle !== 'none' || boxShadow !== 'none', size: Math.min(width, height) };
}

/** Elements that extend beyond the sides of the window. */
function overflow(page) {
  return page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    const beyond = [...document.querySelectorAll('body *')].filter((element) => {
      const { left, right, width } = element.getBoundingClientRect();
      return element.checkVisibility() && !element.closest('.unseen, svg') && width > 0 && (left < -1 || right > clientWidth + 1);
    });
    return [...(scrollWidth > clientWidth ? [`scrolls to ${scrollWidth}`] : []), ...beyond.map(({ outerHTML }) => outerHTML.slice(0, 100))];
  });
}

/** Text that is cut off: fields whose content is wider than they are, and elements that hide what overflows. */
function clipped() {
  const field = document.querySelector('#code');
  if (field) field.value = '888888';
  return [...document.querySelectorAll('input, main *')]
    .filter((element) => element.id === 'code' || getComputedStyle(element).overflow === 'hidden')
    .filter((element) => !element.closest('.unseen, svg') && element.scrollWidth > element.clientWidth + 1)
    .map(({ outerHTML, scrollWidth, clientWidth }) => `${outerHTML.slice(0, 60)} ${scrollWidth} > ${clientWidth}`);
}

const languages = () => [document.documentElement.lang, document.documentElement.dir];

const moving = (page) => page.evaluate(() => document.getAnimations()
  .filter((animation) => animation.playState === 'running' && animation.effect.getComputedTiming().duration > 10)
  .map((animation) => animation.animationName ?? animation.transitionProperty));
