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

/**
 * An icon in the colour of the text, hidden from screen readers.
 * @param {string[]} paths
 */
export function icon(paths) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  for (const d of paths) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    svg.append(path);
  }
  return svg;
}
