// The field for the six digits: typed, pasted, suggested by the keyboard, or read from the message by WebOTP.

import { fill, h, set } from './dom.js';
import { asciiDigits, t } from './text.js';

const LENGTH = 6;

/**
 * @param {object} options
 * @param {(code: string) => void} options.onCode Called with six digits.
 * @param {string} options.describedBy The element that says where the code was sent.
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
    // The same code is only sent again if the user asks for it: that would cost an attempt.
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

  /** WebOTP: if the user agrees, the browser reads the code from a message that names this origin. */
  function listen() {
    const waiting = new AbortController();
    if ('OTPCredential' in globalThis) {
      const request = /** @type {any} */ ({ otp: { transport: ['sms'] }, signal: waiting.signal });
      navigator.credentials.get(request).then(
        (/** @type {any} */ credential) => {
          input.value = credential?.code ?? '';
          typed({});
        },
        // Refused, aborted, or not allowed in this frame: the user can still type the code.
        () => {},
      );
    }
    return waiting;
  }

  return {
    element,
    input,
    /** Shows why a code was rejected, and selects it so that typing replaces it. */
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

/** The code in what was typed or pasted: a group of exactly six digits, otherwise the first digits. */
function codeIn(text) {
  const digits = asciiDigits(text);
  return digits.match(/(?<!\d)\d{6}(?!\d)/)?.[0] ?? digits.replace(/\D/g, '').slice(0, LENGTH);
}
