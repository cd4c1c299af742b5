// The sign-in desk: who signs in, and how the login page is opened. It plays the part of the hosted login's
// page, so this is the code an integrator would write: hand over the token, take back the result.

import { left, make, outcome, post, verified } from './common.js';

const WHAT = {
  alice: 'American number on record',
  bob: 'British number on record',
  newcomer: 'No number yet; a new user each time',
};

const form = document.querySelector('#sign-in');
const stage = document.querySelector('#stage');
const reload = document.querySelector('#reload');
const problem = document.querySelector('#sign-in-problem');

/** The login in the frame, if any. */
let login = null;

const { gateway, accounts, locales } = await (await fetch('/desk')).json();
const button = form.querySelector('button');
document.querySelector('#accounts').append(...accounts.map(({ name, phone }, index) =>
  make('label', { className: 'account' },
    make('input', { type: 'radio', name: 'account', value: name, checked: index === 0 }),
    make('span', { className: 'face', ariaHidden: 'true' }, name[0].toUpperCase()),
    make('span', {}, make('b', {}, name), make('small', {}, WHAT[name] ?? phone ?? '')))));

form.elements.locale.append(...locales.map((lang) =>
  make('option', { value: lang, lang }, new Intl.DisplayNames(lang, { type: 'language' }).of(lang))));

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  problem.textContent = '';
  button.disabled = true;
  try {
    const { account, locale, way } = Object.fromEntries(new FormData(form));
    const begun = { ...await post('/desk/sign-in', { account }), locale, account };
    if (way === 'frame') embed(begun);
    else redirect(begun);
  } catch (error) {
    problem.textContent = error.message;
  } finally {
    button.disabled = false;
  }
});

function page({ locale }) {
  const url = new URL(gateway);
  if (locale) url.searchParams.set('ui_locales', locale);
  return url;
}

function redirect(begun) {
  const url = page(begun);
  url.searchParams.set('redirect_uri', `${location.origin}/signed-in`);
  url.searchParams.set('state', begun.state);
  url.hash = new URLSearchParams({ token: begun.token });
  const opened = window.open(url, '_blank');
  if (!opened) throw new Error('The browser blocked the new tab. Allow pop-ups for this page.');
}

function embed(begun) {
  const frame = make('iframe', { title: `Login page for ${begun.account}`, src: page(begun) });
  frame.allow = `otp-credentials ${gateway}`;
  login = { ...begun, frame };
  reload.hidden = false;
  stage.replaceChildren(frame);
  frame.scrollIntoView({ block: 'nearest' });
  frame.focus();
}

reload.addEventListener('click', () => { login.frame.src = page(login); });

window.addEventListener('message', async ({ data, origin, source }) => {
  if (origin !== gateway || !login || source !== login.frame.contentWindow) return;
  const { token, state, locale, frame } = login;
  switch (data?.type) {
    case 'alliance-mfa:ready':
      source.postMessage({ type: 'alliance-mfa:token', token, state, ...(locale && { locale }) }, gateway);
      break;
    case 'alliance-mfa:height':
      frame.style.setProperty('--height', `${Number(data.height)}px`);
      break;
    case 'alliance-mfa:result':
      end(data.state === state ? await verified(state, data.resultToken)
        : outcome('bad', 'The result is not valid', ['It belongs to a different sign-in.']));
      break;
    case 'alliance-mfa:cancel':
      end(left());
  }
});

function end(shown) {
  login = null;
  reload.hidden = true;
  stage.replaceChildren(shown);
  shown.querySelector('h2').focus();
}
