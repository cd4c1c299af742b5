// Loads the page again when a file of it did not come, ever more slowly, since the modules cannot wait for themselves:
// one that failed stays failed. What has come is cached, so each time less is asked for. A classic script, and the
// first, so that it hears of every other; the token is still in the address, or kept, when it starts anew.

(() => {
  const LOADS = 'alliance-mfa-loads';
  const DELAYS = [1000, 2000, 4000, 8000];
  let failed = false;

  addEventListener('error', missed, true);
  addEventListener('load', () => failed || count('0'));

  function missed({ target }) {
    // A preload that failed is tried again by the module that needs it, and fails that module's script if it must.
    const isNeeded = target instanceof HTMLScriptElement || target.rel === 'stylesheet';
    if (failed || !isNeeded) return;
    failed = true;
    const loads = Number(count());
    const delay = DELAYS[loads];
    if (delay && count(String(loads + 1))) setTimeout(() => location.reload(), delay);
    else if (document.readyState === 'loading') addEventListener('DOMContentLoaded', giveUp);
    else giveUp();
  }

  /** How often it was loaded in vain. Where the browser forbids all storage, nobody counts and nothing is repeated. */
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
