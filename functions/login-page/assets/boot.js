// Reloads the page when one of its files failed to load, with growing delays: a module that failed to load is never
// retried by the browser itself. Files that did load are cached, so each reload fetches less. This is a classic script
// and the first one, so that it sees every other file fail. The token survives a reload, in the address or in storage.

(() => {
  const LOADS = 'alliance-mfa-loads';
  const DELAYS = [1000, 2000, 4000, 8000];
  let failed = false;

  addEventListener('error', missed, true);
  addEventListener('load', () => failed || count('0'));

  function missed({ target }) {
    // A failed preload is retried by the module that imports it. If that fails too, the module's script reports it.
    const isNeeded = target instanceof HTMLScriptElement || target.rel === 'stylesheet';
    if (failed || !isNeeded) return;
    failed = true;
    const loads = Number(count());
    const delay = DELAYS[loads];
    if (delay && count(String(loads + 1))) setTimeout(() => location.reload(), delay);
    else if (document.readyState === 'loading') addEventListener('DOMContentLoaded', giveUp);
    else giveUp();
  }

  /** The number of failed loads so far; null, so no more reloads, if the browser blocks storage. */
  function count(loads) {
    try {
      if (loads) sessionStorage.setItem(LOADS, loads);
      return sessionStorage.getItem(LOADS) ?? '0';
    } catch {
      return null;
    }
  }

  function giveUp() {
    const strings = JSON.parse(document.getElementById('strings').textContent);
    const main = document.getElementById('main');
    const [heading, button] = [document.createElement('h1'), document.createElement('button')];
    heading.textContent = strings['unreachable.heading'];
    button.textContent = strings['unreachable.retry'];
    button.className = 'main';
    button.onclick = () => location.reload();
    main.dataset.screen = 'unreachable';
    main.replaceChildren(heading, button);
  }
})();
