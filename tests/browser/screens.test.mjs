// Every screen, for everyone: in each language, in light and dark, narrow and enlarged, by what assistive technology
// makes of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { violations } from './harness/accessibility.mjs';
import { EXHIBITS, exhibit, refuse } from './harness/gallery.mjs';
import { scenes } from './harness/scenes.mjs';
import { LOCALES, wordsOf } from './harness/words.mjs';

const NARROW = { width: 320, height: 640 };
// Half the pixels of a common window, each twice as large: what a browser makes of 200 %.
const ENLARGED = { width: 640, height: 360 };
// Beginnings of sentences, long enough to be no word of another language.
const ENGLISH = Object.values(wordsOf('en')).map((sentence) => sentence.split('{')[0]).filter((part) => part.length > 15);

/** Problems that the state explains, which the page asks for then. */
const TOLD_BY_STATE = {
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
    }, { reducedMotion: 'reduce', deviceScaleFactor: 2 });

    scene(`${name} is said in every language, and fits`, async (stage) => {
      const open = await exhibit(name, stage);
      for (const locale of LOCALES) {
        const { page } = await open(locale);
        assert.deepEqual(await page.evaluate(languages), [locale, locale === 'ar' ? 'rtl' : 'ltr']);
        const text = await page.locator('body').innerText();
        assert.doesNotMatch(text, /[{}]|undefined|null|NaN|\b[a-z]+(\.[a-z-]+){2,}\b/, locale);
        assert.deepEqual(ENGLISH.filter((part) => locale !== 'en' && text.includes(part)), [], locale);
        assert.deepEqual(await overflow(page), [], locale);
        await page.close();
      }
    }, { viewport: NARROW, reducedMotion: 'reduce' });
  }
});

scenes('Every problem', {}, (scene) => {
  const contract = readFileSync(new URL('../../infra/openapi.yaml', import.meta.url), 'utf8');
  const named = [...contract.matchAll(/urn:alliance-mfa:problem:([a-z-]+)/g)].map(([, type]) => type);
  const types = new Set(named.filter((type) => !type.startsWith('code-'))); // those are of the field, in codes.test.mjs

  for (const type of types) {
    scene(`${type} is told in the page's own words, never in the developers'`, async ({ context, arrive }) => {
      const login = await arrive();
      await login.is('choose');
      const before = await login.main.innerText();
      await context.route('**/v1/challenge', async (route) => {
        if (route.request().method() === 'POST') return refuse(route, [422, type]);
        const response = await route.fetch();
        return route.fulfill({ response, json: { ...(await response.json()), ...TOLD_BY_STATE[type] } });
      });
      await login.press('channel.sms');
      await login.page.waitForFunction((was) => !document.querySelector('main').innerText.startsWith(was), before);
      assert.doesNotMatch(await login.page.locator('body').innerText(), /For developers|problem\.|undefined/);
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

  scene('a countdown is not read out second by second', async (stage) => {
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

  scene('nothing moves for who wants no motion', async (stage) => {
    const login = await (await exhibit('calling-ringing', stage))();
    assert.deepEqual(await moving(login.page), []);
  }, { reducedMotion: 'reduce' });

  scene('the phone on the screen rings for everybody else', async (stage) => {
    const login = await (await exhibit('calling-ringing', stage))();
    assert.notDeepEqual(await moving(login.page), []);
  });

  scene('the focus can be seen on everything that takes it', async (stage) => {
    for (const name of ['choose', 'number', 'code-offer']) {
      const login = await (await exhibit(name, stage))();
      const stops = new Set();
      for (let presses = 0; presses < 15; presses += 1) {
        await login.page.keyboard.press('Tab');
        const { place, seen, size } = await login.page.evaluate(() => {
          const element = document.activeElement;
          const style = getComputedStyle(element);
          const { width, height } = element.getBoundingClientRect();
          const seen = style.outlineStyle !== 'none' || style.boxShadow !== 'none';
          return { place: element === document.body ? null : element.outerHTML.slice(0, 80), seen, size: Math.min(width, height) };
        });
        if (!place) continue;
        stops.add(place);
        assert.ok(seen, `no focus to be seen on ${place}`);
        assert.ok(size >= 24, `${place} is ${size} pixels small`);
      }
      assert.ok(stops.size >= 2, `${name}: ${[...stops]}`);
      await stage.context.unrouteAll({ behavior: 'ignoreErrors' });
    }
  });
});

/** What goes beyond the window at its sides. */
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

const languages = () => [document.documentElement.lang, document.documentElement.dir];

const moving = (page) => page.evaluate(() => document.getAnimations()
  .filter((animation) => animation.playState === 'running' && animation.effect.getComputedTiming().duration > 10)
  .map((animation) => animation.animationName ?? animation.transitionProperty));
