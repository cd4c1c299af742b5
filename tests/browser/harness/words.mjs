// The page's strings, from its own files: tests refer to a sentence by its key, in any language.

import { readFileSync, readdirSync } from 'node:fs';

const FOLDER = new URL('../../../functions/login-page/assets/locales/', import.meta.url);

/** The page's languages. */
export const LOCALES = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ''));

/** The sentences of a language by key. @returns {Record<string, string>} */
export const wordsOf = (locale) => JSON.parse(readFileSync(new URL(`${locale}.json`, FOLDER), 'utf8'));

/** Matches the sentence with any text for its placeholders, or with `values`. */
export function pattern(sentence, values = {}) {
  const parts = sentence.split(/\{(\w+)\}/).map((part, index) => {
    if (index % 2 === 0) return escaped(part).replaceAll(/\s+/g, '\\s+');
    return part in values ? escaped(String(values[part])) : '[\\s\\S]*?';
  });
  return new RegExp(parts.join(''));
}

const escaped = (text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
