// Accessibility checks by axe-core.

import axe from 'axe-core';

const STANDARDS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** The standards that the page violates, where, and why. Other origins' frames are pages of their own. */
export async function violations(page) {
  await page.evaluate(axe.source);
  const found = await page.evaluate((values) => axe.run({ iframes: false, runOnly: { type: 'tag', values } }), STANDARDS);
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}
