// Finds the six-digit code in what was typed or pasted. If it isn't clear which digits are the code, there is none: a
// wrong guess would cost the user an attempt.

import { asciiDigits } from './mfa-client.js';

const LENGTH = 6;

/**
 * @param {string} text
 * @returns {{ shown: string, code: string | null, unclear: boolean }} What the field shows, and the code if it's there.
 */
export function findCode(text) {
  const plain = asciiDigits(text).replace(/\p{Cf}/gu, '');
  const digits = plain.replace(/\D/g, '');
  const wordless = !/[^\d\s\p{Pd}]/u.test(plain);
  if (wordless && digits.length < LENGTH) return { shown: digits, code: null, unclear: false };
  const code = onlyCandidate(plain);
  return { shown: code ?? (wordless ? digits : ''), code, unclear: code === null };
}

/** The digits that are most likely the code, if there is only one such group. */
function onlyCandidate(text) {
  const [likely, possible] = [new Set(), new Set()];
  for (const { 0: run, index } of text.matchAll(/\d(?:[\s\p{Pd}]?\d)*/gu)) {
    if (text[index - 1] === '+') continue; // a phone number
    const groups = run.match(/\d+/g);
    if (/^\d{3}\D?\d{3}$/.test(run)) likely.add(groups.join(''));
    else if (/^(\d\s?){6}$/.test(run)) possible.add(groups.join('')); // with a dash, it may be a date
    else for (const group of groups) if (group.length === LENGTH) possible.add(group);
  }
  const [code, another] = likely.size > 0 ? likely : possible;
  return code !== undefined && another === undefined ? code : null;
}
