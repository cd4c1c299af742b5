// The screens that the page can begin with while its second script is still loading, and what screens are made of. Each is
// drawn from the API's answer, is updated with every new answer and every second, and keeps what the user has typed.

import { channelButtons } from './channel-buttons.js';
import { h, set } from './dom.js';
import { OFFLINE, SHIELD } from './icons.js';
import { phoneNumber } from './phone-number.js';
import { usable } from './states.js';
import { rich, t } from './text.js';

/**
 * @typedef {object} Screen
 * @property {() => string} heading
 * @property {{ icon: any, tone?: 'good' | 'warn', moving?: () => boolean }} [symbol]
 * @property {import('./dom.js').Child[]} body
 * @property {HTMLElement} [focus] What gets the focus, if not the heading.
 * @property {() => void} [update]
 * @property {() => void} [close]
 * @property {(message: string | null) => void} [fail] Shows what is wrong with the user's input.
 * @property {(message: string) => void} [renew] Another code was sent while this screen was shown.
 * @property {(readings: object[], pick: (reading: string) => void) => void} [ask] Offers the digits' two numbers.
 * @property {boolean} [lost] Whether this screen offers help for a lost phone.
 */

export const text = (key, values) => h('p', {}, rich(key, values));

export const says = (...keys) => keys.map((key) => h('p', {}, rich(key, {})));

export function link(key, onclick) {
  return h('button', { class: 'link', type: 'button', onclick }, t(key));
}

export function wrongNumber(app) {
  return app.view.canChangeNumber && link('number.wrong', () => app.show({ correcting: true, notice: null }));
}

/** Offers a call or a message: at the start, and after a challenge that failed. */
export function choice(name, symbol, sentence = () => `${name}.text`) {
  return (app) => {
    const buttons = channelButtons(app, { offered: () => usable(app.view), pick: (channel) => app.start(channel) });
    const wrong = wrongNumber(app);
    return {
      heading: () => t(`${name}.heading`),
      symbol,
      body: [text(sentence(app), { number: phoneNumber(app) }), buttons.element, wrong],
      update() {
        buttons.update();
        if (wrong) set(wrong, 'data-busy', app.open.correcting);
      },
      lost: true,
    };
  };
}

export const choose = choice('choose', { icon: SHIELD });

export function unreachable(app) {
  const retry = h('button', { class: 'main', type: 'button', onclick: app.retry }, t('unreachable.retry'));
  return {
    heading: () => t('unreachable.heading'),
    symbol: { icon: OFFLINE, tone: 'warn' },
    body: [...says('unreachable.text'), retry],
    update() {
      set(retry, 'data-busy', app.open.retrying);
    },
  };
}

/** After a deployment, where a new page didn't come by itself. */
export function updated(app) {
  const reload = h('button', { class: 'main', type: 'button', onclick: app.retry }, t('trouble.updated.reload'));
  return { heading: () => t('trouble.updated'), body: [reload] };
}

export function loading() {
  return { heading: () => t('loading'), body: [h('div', { class: 'spinner' })] };
}
