// The buttons for a call and a text message. Each shows when it can be used again; one that an operator has paused gives way
// to a sentence.

import { fill, h, icon, set } from './dom.js';
import { later } from './fetch-later.js';
import { CALL, SMS } from './icons.js';
import { pausedUntil, takesFourDigits } from './states.js';
import { config, countdown, t, when } from './text.js';

/** @typedef {import('./mfa-client.js').ChannelName} ChannelName */

/** Whether `channel` can be used now, including when its cooldown has ended since the API's last answer. */
export function isOpen(channel, app) {
  const { available, reason, nextSendAt } = app.view.channels[channel];
  const waits = !available && reason !== 'paused' && !(nextSendAt && nextSendAt.getTime() <= app.now());
  return !waits && !pausedUntil(channel, app);
}

// How long a request that is answered late keeps the other channel from being used.
export const HANGING = 5000;

/** Whether no other request is in the way of one for `channel`. @param {ChannelName} channel */
export function isFree(channel, { open: { checking, sending, waiting } }) {
  const allows = ([other, since]) => other !== channel && Date.now() - since >= HANGING;
  return !checking && !waiting && Object.entries(sending).every(allows);
}

/**
 * Buttons for the channels that `offered` returns. The first one is the main button.
 * @param {any} app
 * @param {object} options
 * @param {() => ChannelName[]} options.offered
 * @param {(channel: ChannelName) => void} options.pick
 * @param {boolean} [options.quiet] No main button.
 */
export function channelButtons(app, { offered, pick, quiet = false }) {
  const buttons = { call: button('call'), sms: button('sms') };
  const element = h('div', { class: quiet ? 'choices quiet' : 'choices' });
  /** @type {ReturnType<typeof import('./pauses.js').pausesOf> | undefined} */
  let pauses;
  let shown = '';

  function button(channel) {
    // A description rather than part of the button's name, because it changes every second during a wait.
    const hint = h('span', { class: 'hint', id: `hint-${channel}`, 'aria-hidden': 'true' });
    const element = h(
      'button',
      {
        class: 'choice',
        type: 'button',
        'aria-describedby': hint.id,
        onclick: () => element.getAttribute('aria-disabled') || pick(channel),
      },
      icon(channel === 'call' ? CALL : SMS),
      h('span', { class: 'words' }, h('span', { class: 'label' }, t(`channel.${channel}`)), hint),
    );
    return { element, hint };
  }

  function update() {
    pauses ??= later?.pausesOf(app, offered, offered, shown ? [] : undefined);
    const channels = offered().filter((channel) => !pausedUntil(channel, app));
    // Replaced only when the list changes, because a button that is inserted again loses the focus.
    const list = channels.join() + Boolean(pauses);
    if (shown !== list) element.replaceChildren(pauses?.element ?? '', ...channels.map((channel) => buttons[channel].element));
    shown = list;
    pauses?.update();
    for (const channel of channels) {
      const { element, hint } = buttons[channel];
      const [open, busy] = [isOpen(channel, app), channel in app.open.sending];
      set(element, 'aria-disabled', !isFree(channel, app) || !open ? 'true' : null);
      set(element, 'data-busy', busy);
      fill(hint, open || busy ? hintOf(channel, app.view) : wait(app.view.channels[channel]));
    }
  }

  function wait({ reason, nextSendAt }) {
    if (!nextSendAt) return t('channel.limit');
    if (reason === 'cooldown') return t('channel.in', { time: countdown(nextSendAt.getTime() - app.now()) });
    return t(reason === 'call-reported' ? 'channel.paused' : 'channel.at', { time: when(nextSendAt, app.now()) });
  }

  return { element, update };
}

function hintOf(channel, view) {
  if (channel === 'sms') return t('channel.sms.hint');
  return t(`channel.call.${view && takesFourDigits(view) ? 'four-digits' : config.callMode}`);
}
