// How the login page is looked at: as wide as a phone, dark, from right to left. Kept for the next visit.

const RIGHT_TO_LEFT = 'ar';

const stage = document.querySelector('#stage');
const locale = document.querySelector('select[name=locale]');
const toggles = [...document.querySelectorAll('[data-preview]')];
const isOn = (name) => toggles.find(({ dataset }) => dataset.preview === name).ariaPressed === 'true';

/** Shows the choices, and calls `turned` when the direction changes, which the login page has to be loaded for. */
export function previews(turned) {
  for (const toggle of toggles) {
    toggle.ariaPressed = String(localStorage.getItem(toggle.dataset.preview) === 'true');
    toggle.addEventListener('click', () => {
      toggle.ariaPressed = String(toggle.ariaPressed !== 'true');
      localStorage.setItem(toggle.dataset.preview, toggle.ariaPressed);
      apply();
      if (toggle.dataset.preview === 'rtl') turned();
    });
  }
  apply();
}

// The frame's own colour scheme is what the page in it takes for the system's.
function apply() {
  stage.classList.toggle('narrow', isOn('narrow'));
  stage.classList.toggle('dark', isOn('dark'));
  locale.disabled = isOn('rtl');
}

/** The language to ask for; empty means that of the browser. */
export const language = () => (isOn('rtl') ? RIGHT_TO_LEFT : locale.value);

/** The features of a window for the login page: as wide as a phone, or a plain tab. */
export const shape = () => (isOn('narrow') ? 'popup,width=390,height=844' : '');
