// A phone number in a sentence.

import { h, ltr } from './dom.js';
import { t } from './text.js';

/** The account's number, masked; or as the user typed it while it is unconfirmed, so that a typo can be seen. */
export function phoneNumber(app) {
  const { phoneNumber: masked, canChangeNumber } = app.view;
  if (masked === null) return '';
  const digits = /\d*$/.exec(masked)?.[0] ?? '';
  const typed = app.typed?.shown ?? '';
  if (canChangeNumber && typed.replace(/\D/g, '').endsWith(digits)) return ltr(typed);
  // A screen reader would read every bullet.
  const bullets = h('span', { 'aria-hidden': 'true' }, masked);
  return ltr(bullets, { role: 'img', 'aria-label': t('number.ending', { digits }) });
}
