// What the second script gets from the first, which is already there. The bundler reads this list.

export { channelButtons, isFree, isOpen } from './channel-buttons.js';
export { fill, h, ltr, set } from './dom.js';
export { choice, link, says, text, wrongNumber } from './first-screens.js';
export { CALL } from './icons.js';
export { asciiDigits } from './mfa-client.js';
export { phoneNumber, spokenNumber } from './phone-number.js';
export { isLive, isTexted, pausedUntil, screenOf, takesFourDigits, usable } from './states.js';
export { config, countdown, knows, locale, rich, t, timeOfDay, when } from './text.js';
