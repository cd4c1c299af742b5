// How phone numbers of the deployment's countries are dialled and written, for the picker and for grouping digits while
// typing. The server decides whether a number is valid: an outdated format only puts a space in the wrong place.

import { config, locale } from './text.js';

// For calling codes that several countries share: the country to assume until more digits are known.
const MAIN = {
  1: 'US', 7: 'RU', 39: 'IT', 44: 'GB', 47: 'NO', 61: 'AU', 212: 'MA', 262: 'RE', 290: 'SH',
  358: 'FI', 590: 'GP', 599: 'CW',
};

/** @param {string} region */
export function country(region) {
  const [code = '', trunk = '', groups = ''] = (config.countries[region]?.format ?? '').split('|');
  return { code, trunk, groups };
}

/**
 * The country in `regions` with the calling code that `digits`, a number without its `+`, starts with. If `chosen`
 * has that code it is kept, because the code alone cannot tell Canada from the United States.
 * @param {string} digits
 * @param {string} chosen
 * @param {string[]} regions
 * @returns {string | undefined}
 */
export function countryOf(digits, chosen, regions) {
  const shares = (region) => region in config.countries && digits.startsWith(country(region).code);
  if (shares(chosen)) return chosen;
  const found = regions.filter(shares);
  return found.find((region) => MAIN[country(region).code] === region) ?? found[0];
}

/** @type {(region: string) => string} */
export const countryName = (() => {
  const names = new Intl.DisplayNames(locale, { type: 'region' });
  return (region) => names.of(region) ?? region;
})();

export const collator = new Intl.Collator(locale);
