// Elements without markup: the page's policy allows no HTML from strings (Trusted Types), no inline style and no
// inline handler.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @typedef {Node | string | null | false | undefined} Child
 * @typedef {Child | Child[]} Children
 */

/**
 * An element. Attributes that are false or null are left out; `on…` is a listener.
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

/** Sets or removes an attribute, and leaves alone what is so already. */
export function set(element, name, value) {
  const text = value === true ? '' : value === false || value === null || value === undefined ? null : String(value);
  if (element.getAttribute(name) === text) return;
  if (text === null) element.removeAttribute(name);
  else element.setAttribute(name, text);
}

/**
 * Puts `children` in the place of what `element` has; text that is the same is not touched, so that nothing is read
 * aloud twice and no selection is lost.
 */
export function fill(element, ...children) {
  const parts = children.flat(3).filter((child) => child !== null && child !== undefined && child !== false);
  if (parts.every((part) => typeof part === 'string') && element.childElementCount === 0) {
    const text = parts.join('');
    if (element.textContent !== text) element.textContent = text;
  } else {
    element.replaceChildren(...parts);
  }
}

/** What is written from left to right in every language: numbers, digits, keys. */
export const ltr = (text, tag = 'bdi') => h(tag, { dir: 'ltr' }, text);

/**
 * A drawing on a grid of 24, in the colour of the text, hidden from readers.
 * @param {string[]} paths
 * @param {string} [className]
 */
export function drawing(paths, className = 'icon') {
  const svg = document.createElementNS(SVG, 'svg');
  for (const [name, value] of [['viewBox', '0 0 24 24'], ['class', className], ['aria-hidden', 'true']]) {
    svg.setAttribute(name, value);
  }
  for (const d of paths) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    svg.append(path);
  }
  return svg;
}
