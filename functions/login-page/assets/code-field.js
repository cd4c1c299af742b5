// The one field for the six digits: filled by hand, by paste, by the keyboard's suggestion, or by WebOTP.

import { fill, h, set } from './dom.js';
import { asciiDigits, t } from './text.js';

const LENGTH = 6;

/**
 * @param {object} options
 * @param {(code: string) => void} options.onCode Six digits are there.
 * @param {string} options.describedBy What says where they come from.
 */
export function codeField({ onCode, describedBy }) {
  const error = h('p', { class: 'error', id: 'code-error', role: 'alert' });
  const input = h('input', {
    id: 'code',
    class: 'code',
    type: 'text',
    inputmode: 'numeric',
    autocomplete: 'one-time-code',
    autocapitalize: 'off',
    spellcheck: 'false',
    enterkeyhint: 'done',
    required: true,
    dir: 'ltr',
    'aria-describedby': `${describedBy} code-error`,
    oninput: typed,
  });
  const submit = h('button', { class: 'main', type: 'submit' }, t('code.submit'));
  const element = h(
    'form',
    { class: 'field', novalidate: true, onsubmit: confirmed },
    h('label', { for: 'code' }, t('code.label')),
    input,
    error,
    submit,
  );
  let judged = '';
  let busy = false;
  const otp = listen();

  function typed(event) {
    if (event.isComposing) return;
    const code = codeIn(input.value);
    if (code !== input.value) input.value = code;
    if (code !== judged) fail(null);
    // The same code again is sent only on demand: it would cost an attempt.
    if (code.length === LENGTH && code !== judged) hand(code);
  }

  function confirmed(event) {
    event.preventDefault();
    const code = codeIn(input.value);
    if (code.length === LENGTH) hand(code);
    else fail(t('problem.code-malformed'));
  }

  function hand(code) {
    if (busy) return;
    judged = code;
    onCode(code);
  }

  function fail(message) {
    fill(error, message ?? '');
    set(input, 'aria-invalid', message ? 'true' : null);
  }

  /** WebOTP: the browser reads the message that is bound to this origin, once the user agrees. */
  function listen() {
    const waiting = new AbortController();
    if ('OTPCredential' in globalThis) {
      const request = /** @type {any} */ ({ otp: { transport: ['sms'] }, signal: waiting.signal });
      navigator.credentials.get(request).then(
        (/** @type {any} */ credential) => {
          input.value = credential?.code ?? '';
          typed({});
        },
        // Refused, aborted, or not in this frame: the field is there to be filled in by hand.
        () => {},
      );
    }
    return waiting;
  }

  return {
    element,
    input,
    /** Shows why a code was not taken, and lets the next one take its place. */
    error(message) {
      fail(message);
      if (!message) return;
      input.focus();
      input.select();
    },
    busy(now) {
      busy = now;
      set(submit, 'aria-disabled', now ? 'true' : null);
      set(submit, 'data-busy', now);
      set(input, 'readonly', now);
    },
    close: () => otp.abort(),
  };
}

/** The code in what was typed or pasted: six digits on their own if there are any, else the first digits. */
function codeIn(text) {
  const digits = asciiDigits(text);
  return digits.match(/(?<!\d)\d{6}(?!\d)/)?.[0] ?? digits.replace(/\D/g, '').slice(0, LENGTH);
}
