// What the page says about a problem.

import { countryName } from './countries.js';
import { knows, t, timeOfDay, when } from './text.js';

/**
 * The sentence that tells the user about a problem.
 * @param {import('./mfa-client.js').MfaProblem} problem
 * @param {number} now
 * @param {string} [channel] The channel that was requested; for a number that opted out of messages, the one to use.
 */
export function sentence({ type, limit, retryAt, country }, now, channel) {
  if (type === 'send-limit') return t(`limit.${limitOf(limit)}`, { time: when(retryAt, now) });
  const keys = [`problem.${type}.${channel}`, `problem.${type}`, 'problem.unexpected'];
  const time = retryAt ? timeOfDay(retryAt, now) : t('when.later');
  return t(keys.find(knows), { country: country ? countryName(country) : '', time });
}

function limitOf(limit) {
  if (limit === 'challenge') return 'challenge';
  if (limit === 'call-live') return 'live';
  if (limit === 'call-reported') return 'reported';
  if (limit === 'subject-calls') return 'calls';
  return /^(range|country|network)/.test(limit ?? '') ? 'area' : 'account';
}
