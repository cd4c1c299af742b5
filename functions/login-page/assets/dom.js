// Creates elements without HTML strings: the page's policy forbids those (Trusted Types), as well as inline styles and
// inline handlers.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @typedef {Node | string | null | false | undefined} Child
 * @typedef {Child | Child[]} Children
 */

/**
 * Creates an element. Attributes that are false or null are left out; `on…` adds a listener.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...Children} children
 * @returns {HTMLElement & Record<string, any>}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else set(element, name, value);
  }
  fill(element, children);
  return element;
}

/** Sets or removes an attribute, but only if that changes something. */
export function set(element, name, value) {
  const text = value === true ? '' : value === false || value === null || value === undefined ? null : String(value);
  if (element.getAttribute(name) === text) return;
  if (text === null) element.removeAttribute(name);
  else element.setAttribute(name, text);
}

/**
 * Replaces the content of `element`. Text that is already there is left alone, so that screen readers don't repeat it
 * and no selection is lost.
 */
export function fill(element, ...children) {
  const parts = children.flat(3).filter((child) => child !== null && child !== undefined && child !== false);
  const content = document.createElement('div');
  content.append(...parts.map((part) => (typeof part === 'string' ? part : part.cloneNode(true))));
  if (written.get(element)?.isEqualNode(content)) return;
  written.set(element, content);
  element.replaceChildren(...parts);
}

/**
 * A copy of what `fill` has last put into each element. The document itself doesn't tell: the browser may have
 * translated it.
 * @type {WeakMap<Element, HTMLElement>}
 */
const written = new WeakMap();

/** Text that is neither translated nor written from right to left, such as a phone number. */
export const ltr = (text, attributes = {}, tag = 'bdi') => h(tag, { dir: 'ltr', translate: 'no', ...attributes }, text);

// Outlines on a 24 by 24 grid.
const PATHS = {
  call: [
    'M6.5 3.5h2.8l1.5 4-2 1.6a12 12 0 0 0 6.1 6.1l1.6-2 4 1.5v2.8a2 2 0 0 1-2.2 2A16.8 16.8 0 0 1 4.5 5.7a2 2 0 0 1 2-2.2z',
  ],
  sms: [
    'M5.5 4.5h13a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-6.5l-4.5 4v-4h-2a2 2 0 0 1-2-2v-8a2 2 0 0 1 2-2z',
    'M8 10.5h.01M12 10.5h.01M16 10.5h.01',
  ],
  done: ['M5 12.5l4.8 4.8L19.5 7.5'],
  lock: [
    'M6.5 10.5h11a1.5 1.5 0 0 1 1.5 1.5v6.5a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 18.5V12a1.5 1.5 0 0 1 1.5-1.5z',
    'M8 10.5V8a4 4 0 0 1 8 0v2.5',
  ],
  stop: ['M12 3.5l7 2.6v5.4c0 4.3-2.9 7.5-7 9-4.1-1.5-7-4.7-7-9V6.1z', 'M9.5 9.7l5 5M14.5 9.7l-5 5'],
  shield: ['M12 3.5l7 2.6v5.4c0 4.3-2.9 7.5-7 9-4.1-1.5-7-4.7-7-9V6.1z', 'M9 12l2.2 2.2L15.2 10'],
  clock: ['M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z', 'M12 7.5V12l3 2'],
  alert: ['M12 4.5l8.5 15h-17z', 'M12 10.5v4M12 17h.01'],
  help: ['M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z', 'M9.8 9.7a2.3 2.3 0 1 1 3.4 2c-.8.5-1.2.9-1.2 1.8M12 16h.01'],
  offline: ['M4 10.5a12 12 0 0 1 16 0M7 14a8 8 0 0 1 10 0M10 17.3a3.5 3.5 0 0 1 4 0', 'M4.5 4.5l15 15'],
};

/**
 * An icon in the colour of the text, hidden from screen readers.
 * @param {keyof typeof PATHS} name
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  for (const d of PATHS[name]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    svg.append(path);
  }
  return svg;
}
