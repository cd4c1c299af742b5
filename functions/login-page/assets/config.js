// What the function has written into the page: how this deployment is set up, and the words of one language.

/**
 * @typedef {object} Config
 * @property {string} locale
 * @property {string} brand
 * @property {boolean} logo
 * @property {string | null} supportUrl
 * @property {import('./mfa-client.js').ChannelName[]} channels
 * @property {Record<string, import('./mfa-client.js').ChannelName[]> | null} countries Null is every country.
 * @property {string[]} redirectUris
 * @property {string[]} frameAncestors
 * @property {'press-pound' | 'match-digits' | 'speak-code'} callMode
 */

/** @type {Config} */
export const config = JSON.parse(document.getElementById('config').textContent);

/** @type {Record<string, string>} */
export const strings = JSON.parse(document.getElementById('strings').textContent);
