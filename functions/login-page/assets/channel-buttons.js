// The two ways to a phone, as buttons that know when they may be used again.

import { fill, h, icon, set } from './dom.js';
import { config, countdown, t, when } from './text.js';

/** @typedef {import('./mfa-client.js').ChannelName} ChannelName */

/** Whether `channel` may be asked for; a cooldown that has passed since the last answer is over. */
export function isOpen(channel, app) {
  const status = app.view.channels[channel];
  return status.available || (status.nextSendAt !== null && status.nextSendAt.getTime() <= app.now());
}

/**
 * Buttons for what `offered` names, the first of them the main one.
 * @param {any} app
 * @param {object} options
 * @param {() => ChannelName[]} options.offered
 * @param {(channel: ChannelName) => void} [options.pick] Else the button submits its form.
 * @param {boolean} [options.quiet] None is the main one.
 */
export function channelButtons(app, { offered, pick, quiet = false }) {
  const buttons = { call: button('call'), sms: button('sms') };
  const element = h('div', { class: quiet ? 'choices quiet' : 'choices' });
  let shown = '';

  function button(channel) {
    // A description and no part of the name, which must not change with each second of a wait.
    const hint = h('span', { class: 'hint', id: `hint-${channel}`, 'aria-hidden': 'true' });
    const element = h(
      'button',
      {
        class: 'choice',
        type: pick ? 'button' : 'submit',
        value: channel,
        'aria-describedby': hint.id,
        onclick: (event) => {
          if (element.getAttribute('aria-disabled')) event.preventDefault();
          else pick?.(channel);
        },
      },
      icon(channel),
      h('span', { class: 'words' }, h('span', { class: 'label' }, t(`channel.${channel}`)), hint),
    );
    return { element, hint };
  }

  function update() {
    const channels = offered();
    // Moved only when they change: a button that is put in anew loses the focus.
    if (shown !== channels.join()) element.replaceChildren(...channels.map((channel) => buttons[channel].element));
    shown = channels.join();
    for (const channel of channels) {
      const { element, hint } = buttons[channel];
      const open = isOpen(channel, app);
      set(element, 'aria-disabled', app.open.busy !== null || !open ? 'true' : null);
      set(element, 'data-busy', app.open.busy === channel);
      fill(hint, open ? hintOf(channel) : wait(app.view.channels[channel]));
    }
  }

  function wait({ reason, nextSendAt }) {
    if (!nextSendAt) return t('channel.limit');
    if (reason !== 'cooldown') return t('channel.at', { time: when(nextSendAt, app.now()) });
    return t('channel.in', { time: countdown(nextSendAt.getTime() - app.now()) });
  }

  return { element, update };
}

const hintOf = (channel) => t(channel === 'sms' ? 'channel.sms.hint' : `channel.call.${config.callMode}`);
