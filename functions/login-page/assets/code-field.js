// The field for the six digits: typed, pasted, suggested by the keyboard, or read from the message by WebOTP.

import { fill, h, set } from './dom.js';
import { findCode } from './find-code.js';
import { t } from './text.js';

/**
 * @param {object} options
 * @param {(code: string) => void} options.onCode Called with six digits.
 * @param {(code: string) => boolean} options.wasWrong Whether the API has already refused this code.
 * @param {string} options.describedBy The element that says where the code was sent.
 */
export function codeField({ onCode, wasWrong, describedBy }) {
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
    translate: 'no',
    'aria-describedby': `${describedBy} code-error`,
    oninput: typed,
    oncompositionend: typed,
    onpaste: pasted,
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
  let last = '';
  let busy = false;
  /** @type {AbortController | null} */
  let listening = null;
  listen();

  /** @param {{ isComposing?: boolean, data?: string | null }} event */
  function typed({ isComposing, data }) {
    if (isComposing) return;
    // A letter that was typed by mistake doesn't make words of the digits around it.
    take(data && !/\p{Nd}/u.test(data) ? input.value.replace(data, '') : input.value);
  }

  /** A pasted code replaces what the field has; digits without words are inserted as usual. */
  function pasted(event) {
    const text = event.clipboardData?.getData('text') ?? '';
    const { code, unclear } = findCode(text);
    if (busy || (!code && !unclear)) return;
    event.preventDefault();
    take(text);
  }

  function take(text) {
    const { shown, code, unclear } = findCode(text);
    if (shown !== input.value) input.value = shown;
    if (unclear) return fail(t(shown.length > 6 ? 'problem.code-malformed' : 'code.unclear'));
    if (shown !== last) fail(null);
    if (code && code !== last) hand(code);
    last = shown;
  }

  function confirmed(event) {
    event.preventDefault();
    const { code } = findCode(input.value);
    if (code) hand(code);
    else fail(t('problem.code-malformed'));
  }

  function hand(code) {
    if (busy) return;
    if (!wasWrong(code)) onCode(code);
    else if (!error.textContent) fail(t('code.tried'));
  }

  function fail(message) {
    fill(error, message ?? '');
    set(input, 'aria-invalid', message ? 'true' : null);
  }

  /** WebOTP: if the user agrees, the browser reads the code from the next message that names this origin. */
  function listen() {
    if (!('OTPCredential' in globalThis)) return;
    listening?.abort();
    const own = (listening = new AbortController());
    const request = /** @type {any} */ ({ otp: { transport: ['sms'] }, signal: own.signal });
    navigator.credentials.get(request).then(
      (/** @type {any} */ credential) => {
        if (own.signal.aborted || !credential?.code) return;
        take(credential.code);
        listen();
      },
      // Refused, aborted, or not allowed in this frame: the user can still type the code.
      () => {},
    );
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
    /** Another code was sent: the old one and its error would be in the way. */
    renew() {
      input.value = last = '';
      fail(null);
      listen();
    },
    isWrong: () => input.hasAttribute('aria-invalid'),
    close: () => listening?.abort(),
  };
}
