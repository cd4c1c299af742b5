// What a reload needs, in the tab's own storage: the token, and a number that was typed.

const KEPT = 'alliance-mfa';
const RENEWED = 'alliance-mfa-renewed';

/** What was kept for the same login before a reload. @param {string} login */
export function keptOf(login) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null');
    return kept?.login === login ? kept : null;
  } catch {
    return null;
  }
}

/**
 * Keeps it, or nothing any more if it is null.
 * @param {object | null} kept
 * @returns {boolean} False if the browser blocks storage or has no room: after a reload the user has to sign in again.
 */
export function keep(kept) {
  try {
    if (kept) sessionStorage.setItem(KEPT, JSON.stringify(kept));
    else sessionStorage.removeItem(KEPT);
    return true;
  } catch {
    return false;
  }
}

/** Whether the page may reload itself after a deployment: once, until its scripts fit. Never if the browser blocks storage. */
export function mayRenew() {
  try {
    if (sessionStorage.getItem(RENEWED)) return false;
    sessionStorage.setItem(RENEWED, '1');
    return true;
  } catch {
    return false;
  }
}

/** The scripts fit. */
export function renewed() {
  try {
    sessionStorage.removeItem(RENEWED);
  } catch {
    // Nothing was kept either.
  }
}
