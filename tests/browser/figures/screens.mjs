// Every screen, as wide as a phone: accessibility violations, and layout shifts of those that the page can begin with.

import { violations } from '../harness/accessibility.mjs';
import { EXHIBITS, exhibit } from '../harness/gallery.mjs';
import { watchShifts } from '../harness/visit.mjs';
import { atOnce, visiting } from './visitors.mjs';

const AT_ONCE = 3;
const SETTLED = 250;
const PHONE = { viewport: { width: 390, height: 640 } };

export async function screens(stage) {
  const shown = await atOnce(AT_ONCE, Object.keys(EXHIBITS), async (name) => [name, await seen(stage, name)]);
  const of = (what) => Object.fromEntries(shown.map(([name, found]) => [name, found[what]]).filter(([, found]) => found > 0));
  return { count: shown.length, violations: of('violations'), moved: of('moved') };
}

function seen(stage, name) {
  return visiting(stage, async (visitor) => {
    await visitor.context.addInitScript(watchShifts);
    const { page } = await (await exhibit(name, { ...stage, ...visitor }))();
    await page.waitForTimeout(SETTLED);
    const moved = EXHIBITS[name].act ? 0 : await page.evaluate(() => globalThis.moved);
    return { violations: (await violations(page)).length, moved };
  }, PHONE);
}
