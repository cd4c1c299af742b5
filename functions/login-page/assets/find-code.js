// Finds the six-digit code in what was typed or pasted. Where it isn't clear which digits are the code, there is none: a
// wrong guess would cost the user an attempt.

import { asciiDigits } from './text.js';

const LENGTH = 6;

/**
 * @param {string} text
 * @returns {{ shown: string, code: string | null, unclear: boolean }} What the field shows, and the code if it is there.
 */
export function findCode(text) {
  const plain = asciiDigits(text).replace(/\p{Cf}/gu, '');
  const digits = plain.replace(/\D/g, '');
  const wordless = !/[^\d\s\p{Pd}.]/u.test(plain);
  if (wordless && digits.length <= LENGTH) {
    return { shown: digits, code: digits.length === LENGTH ? digits : null, unclear: false };
  }
  const code = onlyCandidate(plain);
  return { shown: code ?? (wordless ? digits : ''), code, unclear: code === null };
}

/** Six digits together or as 3-3 are most likely the code; other groupings may also be a date or part of a number. */
function onlyCandidate(text) {
  const [likely, possible] = [new Set(), new Set()];
  for (const { 0: run, index } of text.matchAll(/\d(?:[\s\p{Pd}.]?\d)*/gu)) {
    if (text[index - 1] === '+') continue; // a phone number
    const groups = run.match(/\d+/g);
    const digits = groups.join('');
    const isUsual = groups.length === 1 || (groups.length === 2 && groups[0].length === 3 && !run.includes('.'));
    if (digits.length === LENGTH) (isUsual ? likely : possible).add(digits);
    else for (const group of groups) if (group.length === LENGTH) possible.add(group);
  }
  const [code, another] = likely.size > 0 ? likely : possible;
  return code !== undefined && another === undefined ? code : null;
}
