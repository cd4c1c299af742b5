// The field for a phone number: with a country picker, digits grouped while typing, and any notation when pasting. It
// returns digits, perhaps with a plus; the server decides whether they are a valid number.

import { collator, country, countryName, countryOf } from './countries.js';
import { fill, h, ltr, set } from './dom.js';
import { asciiDigits } from './mfa-client.js';
import { config, t } from './text.js';

// International prefixes that are not, or not only, 00.
const DIALLED_OUT = { 1: /^(011|00)/, 61: /^0011/, 81: /^(010|00)/ };

/**
 * @typedef {object} Typed
 * @property {string} phoneNumber For the API.
 * @property {string} region
 * @property {string} shown As the field shows it.
 *
 * @param {Typed | null} typed What the user typed before.
 * @param {() => void} onCountry Called when the country changes.
 */
export function phoneField(typed, onCountry) {
  const regions = Object.keys(config.countries);
  let region = typed?.region ?? likelyRegion(regions);
  let last = '';

  const picker = h('select', { id: 'country', autocomplete: 'country', onchange: chosen }, options(regions));
  const code = h('span', { class: 'calling-code', id: 'calling-code', translate: 'no' });
  const error = h('p', { class: 'error', id: 'phone-error', role: 'alert' });
  const readings = h('div', { class: 'choices', hidden: true });
  const input = h('input', {
    id: 'phone',
    type: 'tel',
    inputmode: 'tel',
    autocomplete: 'tel',
    required: true,
    maxlength: '64',
    'aria-describedby': 'why-number calling-code phone-error',
    oninput: entered,
    oncompositionend: entered,
  });
  const element = h(
    'div',
    { class: 'field' },
    regions.length > 1 && [h('label', { for: 'country' }, t('number.country')), h('div', { class: 'select' }, picker)],
    h('label', { for: 'phone' }, t('number.label')),
    h('div', { class: 'phone', dir: 'ltr' }, code, input),
    error,
    readings,
  );
  write(typed?.phoneNumber ?? '');
  show();

  function chosen() {
    region = picker.value;
    write(input.value);
    fail(null);
    changed();
  }

  /** @param {InputEvent} event */
  function entered(event) {
    if (event.isComposing) return;
    let text = input.value;
    let caret = input.selectionStart ?? text.length;
    // Deleting a separator deletes the digit before it.
    if (event.inputType === 'deleteContentBackward' && significant(text) === significant(last)) {
      caret = text.slice(0, caret).search(/\d\D*$/);
      text = caret < 0 ? text : text.slice(0, caret) + text.slice(caret + 1);
    }
    const atEnd = caret < 0 || caret >= text.length;
    const before = significant(text.slice(0, caret)).length;
    write(text);
    const place = atEnd ? input.value.length : placeAfter(input.value, before);
    input.setSelectionRange(place, place);
    fail(null);
    changed();
  }

  function changed() {
    show();
    onCountry();
  }

  function write(text) {
    const number = normal(text, region);
    region = (number.startsWith('+') && countryOf(number.slice(1), region, regions)) || region;
    input.value = last = written(number, region);
  }

  function show() {
    picker.value = region;
    fill(code, `+${country(region).code}`);
    code.hidden = input.value.startsWith('+');
  }

  function fail(message) {
    fill(error, message ?? '');
    readings.hidden = true;
    set(input, 'aria-invalid', message ? 'true' : null);
  }

  /** A number that the digits can be, as it is written with its country code. */
  function withCode({ reading, country: of }) {
    const digits = normal(input.value, region);
    if (reading === 'international') return written(`+${digits}`, of);
    const own = country(region);
    return written(`+${own.code}${digits.startsWith(own.trunk) ? digits.slice(own.trunk.length) : digits}`, region);
  }

  return {
    element,
    input,
    /** Lets the user choose between two numbers with the same digits. */
    ask(offered, pick) {
      const choice = (offer) => {
        const label = h('span', { class: 'label' }, ltr(withCode(offer)));
        const words = h('span', { class: 'words' }, label, h('span', { class: 'hint' }, countryName(offer.country)));
        return h('button', { class: 'choice', type: 'button', onclick: () => pick(offer.reading) }, words);
      };
      readings.replaceChildren(...offered.map(choice));
      readings.hidden = false;
      readings.querySelector('button').focus();
    },
    error(message) {
      fail(message);
      if (message) input.focus();
    },
    /** The number, or null after showing what is missing. */
    value() {
      const phoneNumber = normal(input.value, region);
      const shown = code.hidden || hasTrunk(input.value, region) ? input.value : `${code.textContent} ${input.value}`;
      if (/\d/.test(phoneNumber)) return { phoneNumber, region, shown };
      this.error(t('number.missing'));
      return null;
    },
    /** The channels that are allowed for the selected country. */
    channels: () => config.channels.filter((channel) => config.countries[region]?.channels.includes(channel)),
  };
}

/** Guesses the country from the page's and the browser's languages. */
function likelyRegion(regions) {
  const locales = [config.locale, ...(navigator.languages ?? [])].map(localeOf).filter(Boolean);
  const named = locales.map((locale) => locale.region);
  const likely = [...named, ...locales.map((locale) => locale.maximize().region)];
  return likely.find((region) => regions.includes(region)) ?? regions[0];
}

/** Null for what is no language tag: some systems report names such as `en-US@posix`. */
function localeOf(language) {
  try {
    return new Intl.Locale(language.replace(/[@.].*/, '').replace(/_/g, '-'));
  } catch {
    return null;
  }
}

function options(regions) {
  return regions
    .map((region) => ({ region, name: countryName(region) }))
    .sort((a, b) => collator.compare(a.name, b.name))
    .map(({ region, name }) => h('option', { value: region }, `${name} (\u2066+${country(region).code}\u2069)`));
}

/** The digits, with a plus if they are international. Text with letters is left as it is, for the server to refuse. */
function normal(text, region) {
  const typed = asciiDigits(text).trim().replace(/^tel:/i, '');
  if (/\p{L}/u.test(typed)) return typed;
  const digits = typed.replace(/\(0\)/g, (zero, at) => (at > 0 ? '' : zero)).replace(/\D/g, '');
  if (/^\W*\+/.test(typed)) return `+${digits}`;
  return digits.replace(DIALLED_OUT[country(region).code] ?? /^00/, '+');
}

/** The number in groups. It always ends in a digit, so that deleting at the end deletes a digit. */
function written(number, region) {
  const { code, trunk, groups } = country(region);
  if (/\p{L}/u.test(number)) return number;
  if (number.startsWith('+')) {
    const digits = number.slice(1);
    if (!code || !digits.startsWith(code) || digits === code) return number;
    return `+${code} ${grouped(digits.slice(code.length), groups.replace(/[()]/g, '').replace(/-/g, ' '))}`;
  }
  if (!trunk || !number.startsWith(trunk)) return grouped(number, groups);
  const rest = grouped(number.slice(trunk.length), groups);
  const apart = rest && (trunk.length > 1 || rest.startsWith('('));
  return trunk + (apart ? ' ' : '') + rest;
}

function grouped(digits, groups) {
  let at = 0;
  let text = '';
  for (const part of (groups || '3 3 3 3 3').match(/\d|\D+/g)) {
    if (at >= digits.length) break;
    if (/\d/.test(part)) text += digits.slice(at, (at += Number(part)));
    else text += part;
  }
  return text + digits.slice(at);
}

/** Whether the number begins with the prefix that stands in place of the calling code. */
function hasTrunk(text, region) {
  const { trunk } = country(region);
  return trunk !== '' && significant(text).startsWith(trunk);
}

const significant = (text) => asciiDigits(text).replace(/[^\d+]/g, '');

function placeAfter(text, count) {
  let place = 0;
  for (let left = count; left > 0 && place < text.length; place += 1) {
    if (/[\d+]/.test(text[place])) left -= 1;
  }
  return place;
}
