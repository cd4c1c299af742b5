// The page's words, from the files that it has them from: tests name a sentence by its key, in any language.

import { readFileSync, readdirSync } from 'node:fs';

const FOLDER = new URL('../../../functions/login-page/assets/locales/', import.meta.url);

/** The languages that the page speaks. */
export const LOCALES = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ''));

/** The sentences of a language by key. @returns {Record<string, string>} */
export const wordsOf = (locale) => JSON.parse(readFileSync(new URL(`${locale}.json`, FOLDER), 'utf8'));

/** Finds the sentence, whatever stands in for its placeholders; with `values`, these. */
export function pattern(sentence, values = {}) {
  const parts = sentence.split(/\{(\w+)\}/).map((part, index) => {
    if (index % 2 === 0) return escaped(part).replaceAll(/\s+/g, '\\s+');
    return part in values ? escaped(String(values[part])) : '[\\s\\S]*?';
  });
  return new RegExp(parts.join(''));
}

const escaped = (text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
