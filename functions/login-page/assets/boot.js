// Watches the page start. It reloads the page when its script failed to load, with growing delays: the browser itself
// never tries again. The token survives that, in storage or in the address. For anything else that keeps the page from
// starting, such as syntax that an old browser can't parse, it says what to do.
//
// It is the first script and in the page itself, so that it sees every other one fail. It is served in the language of
// 2015, because it must run where the others don't.

(() => {
  const LOADS = 'alliance-mfa-loads';
  const DELAYS = [1000, 2000, 4000, 8000];
  const PATIENCE = 20000;
  let isReloading = false;

  addEventListener('error', failed, true);
  addEventListener('unhandledrejection', failed);
  addEventListener('load', () => {
    if (isReloading) return;
    count('0');
    // Without an error: a browser that knows no modules.
    if (screen() === 'starting') giveUp('broken');
  });
  setTimeout(() => screen() === 'starting' && giveUp('unreachable'), PATIENCE);

  function failed(event) {
    const { target } = event;
    if (target !== window) return missed(target);
    const isOurs = !event.filename || event.filename.indexOf(location.origin) === 0;
    if (isOurs && (screen() === 'starting' || screen() === 'loading')) whenParsed(() => giveUp('broken'));
  }

  function missed(target) {
    // The page does without its logo.
    if (isReloading || !(target instanceof HTMLScriptElement)) return;
    isReloading = true;
    const loads = Number(count());
    const delay = DELAYS[loads];
    if (delay && count(String(loads + 1))) setTimeout(() => location.reload(), delay);
    else whenParsed(() => giveUp('unreachable'));
  }

  /** The number of failed loads so far; null, so no more reloads, if the browser blocks storage. */
  function count(loads) {
    try {
      if (loads) sessionStorage.setItem(LOADS, loads);
      return sessionStorage.getItem(LOADS) || '0';
    } catch (error) {
      return null;
    }
  }

  function screen() {
    const main = document.getElementById('main');
    return main ? main.getAttribute('data-screen') : 'starting';
  }

  function whenParsed(act) {
    if (document.readyState === 'loading') addEventListener('DOMContentLoaded', act);
    else act();
  }

  /** Shows why there is no page, with a way on. If the page does start after all, its first screen replaces this. */
  function giveUp(name) {
    const read = (id) => JSON.parse(document.getElementById(id).textContent);
    const strings = read('strings');
    const main = document.getElementById('main');
    const add = (tag, key, properties) => {
      main.appendChild(Object.assign(document.createElement(tag), { textContent: strings[key] }, properties));
    };
    main.setAttribute('data-screen', name);
    main.textContent = '';
    add('h1', `${name}.heading`);
    add('p', `${name}.text`);
    add('button', 'unreachable.retry', { className: 'main', onclick: () => location.reload() });
    const { supportUrl } = read('config');
    const link = { className: 'main', href: supportUrl, target: '_blank', rel: 'noopener noreferrer' };
    if (supportUrl) add('a', 'support.link', link);
  }
})();
