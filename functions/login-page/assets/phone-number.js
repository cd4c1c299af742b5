// A phone number in a sentence.

import { h, ltr } from './dom.js';
import { t } from './text.js';

/** The account's number, masked; or as the user typed it while it is unconfirmed, so that a typo can be seen. */
export function phoneNumber(app) {
  const { phoneNumber: masked } = app.view;
  if (masked === null) return '';
  const typed = typedOf(app);
  if (typed) return ltr(typed);
  // A screen reader would read every bullet.
  const bullets = h('span', { 'aria-hidden': 'true' }, masked);
  return ltr(bullets, { role: 'img', 'aria-label': spokenNumber(app) });
}

/** The same for screen readers, in words alone. */
export const spokenNumber = (app) => typedOf(app) || t('number.ending', { digits: lastDigits(app) });

function typedOf(app) {
  const typed = app.typed?.shown ?? '';
  return app.view.canChangeNumber && typed.replace(/\D/g, '').endsWith(lastDigits(app)) && typed;
}

const lastDigits = ({ view }) => /\d*$/.exec(view.phoneNumber)?.[0] ?? '';
