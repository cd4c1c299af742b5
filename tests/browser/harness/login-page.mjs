// The login page as users see it: elements are found by their role and name. Names are given by their key in the page's
// strings.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { pattern, wordsOf } from './words.mjs';

export class LoginPage {
  /**
   * @param {import('playwright-core').Page | import('playwright-core').FrameLocator} page
   * @param {string} locale
   */
  constructor(page, { locale = 'en', state } = {}) {
    this.page = page;
    this.words = wordsOf(locale);
    this.state = state;
    this.main = page.locator('main');
    this.heading = this.main.getByRole('heading', { level: 1 });
    this.code = page.getByRole('textbox', { name: this.words['code.label'] });
    this.number = page.getByRole('textbox', { name: this.words['number.label'] });
    this.country = page.getByRole('combobox', { name: this.words['number.country'] });
  }

  /** Arrives from the first factor with its token, in a new tab or in `page`. */
  static async open(context, { stack, backend, user, token, locale, page, waitUntil, ...query }) {
    const state = randomUUID();
    const login = new LoginPage(page ?? (await context.newPage()), { locale, state });
    const url = LoginPage.address(stack, { redirect_uri: backend.redirectUri, state, ui_locales: locale, ...query });
    await login.page.goto(`${url}#token=${token ?? (await user.token())}`, { waitUntil });
    return login;
  }

  static address(stack, query) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    return `${stack.url}/?${new URLSearchParams(given)}`;
  }

  /** Waits for a screen. */
  async is(screen) {
    await this.page.locator(`main[data-screen="${screen}"]`).waitFor();
  }

  /** Waits until a sentence is visible. */
  async says(key, values) {
    await this.page.locator('body').getByText(pattern(this.#sentence(key), values)).filter({ visible: true }).first().waitFor();
  }

  button(key) {
    return this.page.getByRole('button', { name: pattern(`${this.#sentence(key)}`) });
  }

  link(key) {
    return this.page.getByRole('link', { name: pattern(this.#sentence(key)) });
  }

  async press(key) {
    await this.button(key).click();
  }

  /** Whether a button is shown and enabled. */
  async offers(key) {
    const button = this.button(key);
    return (await button.count()) > 0 && (await button.isEnabled());
  }

  /** Requests a code and waits for its field. */
  async sendCode() {
    await this.press('channel.sms');
    await this.is('code');
  }

  /** Requests a call and waits for its screen. */
  async callMe() {
    await this.press('channel.call');
    await this.is('calling');
  }

  async enter(code) {
    await this.code.fill(code);
  }

  /** Pastes into the code's field, without the clipboard, which all scenes share. */
  async paste(text) {
    const isHandled = await this.code.evaluate((field, copied) => {
      field.focus();
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', copied);
      return !field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    }, text);
    if (!isHandled) await this.page.keyboard.insertText(text);
  }

  /** Types key by key, like a user. */
  async typeNumber(text) {
    await this.number.fill('');
    await this.number.pressSequentially(text);
  }

  /** Waits until the field is marked as invalid with this message. */
  async fieldSays(field, key, values) {
    const message = pattern(this.#sentence(key), values);
    const invalid = this.page.locator('[aria-invalid="true"]');
    await field.and(invalid).waitFor();
    const ids = (await field.getAttribute('aria-describedby'))?.split(' ') ?? [];
    const texts = await Promise.all(ids.map((id) => this.page.locator(`[id="${id}"]`).textContent()));
    assert.match(texts.join(' '), message);
  }

  async resend() {
    const button = this.page.getByRole('button', { name: this.words['code.resend'], exact: true });
    await button.click();
  }

  /** The digits that the page shows for the call. */
  async matchDigits() {
    const digits = this.page.getByLabel(this.words['call.match-digits.label']).filter({ visible: true });
    return (await digits.textContent()).replaceAll(/\D/g, '');
  }

  /** Waits for the return to the backend, and returns what the fragment contains. */
  async returned() {
    await this.page.waitForURL('**/signed-in#**');
    return Object.fromEntries(new URLSearchParams(new URL(this.page.url()).hash.slice(1)));
  }

  /** Presses Tab until `target` has the focus. */
  async tabTo(target) {
    for (let presses = 0; presses < 30; presses += 1) {
      if (await hasFocus(target)) return;
      await this.page.keyboard.press('Tab');
    }
    throw new Error('Tab does not lead there');
  }

  /** Waits until `target` has the focus. */
  async focused(target) {
    await target.and(this.page.locator(':focus')).waitFor();
  }

  #sentence(key) {
    const sentence = this.words[key] ?? this.words[`${key}.other`];
    if (!sentence) throw new Error(`the page has no sentence ${key}`);
    return sentence;
  }
}

const hasFocus = (target) => target.evaluate((element) => element === document.activeElement);
