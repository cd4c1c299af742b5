// The data that the function has put into the page: the deployment's settings and the sentences of one language. Also
// formats the values that fill a sentence's placeholders.

/**
 * @typedef {object} Config
 * @property {string} locale
 * @property {string} brand
 * @property {boolean} logo
 * @property {string | null} supportUrl
 * @property {string | null} termsUrl
 * @property {string | null} privacyUrl
 * @property {import('./mfa-client.js').ChannelName[]} channels
 * @property {Record<string, { channels: import('./mfa-client.js').ChannelName[], format: string }>} countries Each with
 *   its line of `countries.json`.
 * @property {string[]} redirectUris
 * @property {string[]} frameAncestors
 * @property {'press-pound' | 'match-digits' | 'speak-code'} callMode
 */

/** @type {Config} */
export const config = JSON.parse(document.getElementById('config').textContent);

/**
 * `build.rs` puts those of the first screens before the first script, in one file for each language, and most others before
 * the second one. The page itself has those that it needs without a script.
 * @type {Record<string, string>}
 */
const strings = { ...STRINGS, ...JSON.parse(document.getElementById('strings').textContent) };

/** Adds the second script's sentences. */
export const learn = (/** @type {Record<string, string>} */ more) => Object.assign(strings, more);

// Western digits in every language, because the phone's keypad, the code and the masked number have them too.
export const locale = `${config.locale}-u-nu-latn`;
const plurals = new Intl.PluralRules(locale);
const number = new Intl.NumberFormat(locale);
const twoDigits = new Intl.NumberFormat(locale, { minimumIntegerDigits: 2 });

/**
 * A sentence, or its plural form for a number: `key.one`, `key.other` and whatever other forms the language has.
 * @param {string} key
 * @param {Record<string, string | number>} [values] `count` chooses the plural form.
 * @returns {string}
 */
export function t(key, values = {}) {
  return rich(key, values).join('');
}

/**
 * A sentence in parts, for placeholders that are filled with elements.
 * @param {string} key
 * @param {Record<string, string | number | Node>} values
 * @returns {(string | Node)[]}
 */
export function rich(key, values) {
  return sentence(key, values.count)
    .split(/\{(\w+)\}/)
    .map((part, index) => (index % 2 ? shown(values[part] ?? (part === 'brand' ? config.brand : '')) : part));
}

function sentence(key, count) {
  if (typeof count !== 'number') return strings[key] ?? key;
  return strings[`${key}.${plurals.select(count)}`] ?? strings[`${key}.other`] ?? key;
}

const shown = (value) => (typeof value === 'number' ? number.format(value) : value);

/** Whether the page has this sentence. @param {string} key */
export const knows = (key) => key in strings;

/** Minutes and seconds, such as 0:24. @param {number} ms */
export function countdown(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${number.format(Math.floor(seconds / 60))}:${twoDigits.format(seconds % 60)}`;
}

/**
 * A server time as this device's clock will show it, with the date unless it is today.
 * @param {Date} at
 * @param {number} now
 */
export function timeOfDay(at, now) {
  const date = new Date(Date.now() + at.getTime() - now);
  const today = date.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(locale, { timeStyle: 'short', ...(!today && { dateStyle: 'medium' }) }).format(date);
}

// Longer waits are given as a time of day.
const LONG = 10 * 60_000;

/**
 * A server time relative to now: "in 0:24" or "at 10:31".
 * @param {Date | null} at
 * @param {number} now
 */
export function when(at, now) {
  if (!at) return t('when.later');
  const left = at.getTime() - now;
  return left < LONG ? t('when.in', { time: countdown(left) }) : t('when.at', { time: timeOfDay(at, now) });
}
