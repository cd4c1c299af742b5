// The code in what was typed or pasted, without a browser.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { findCode } from '../../functions/login-page/assets/find-code.js';

const CODE = '123456';

describe('Finding the code', () => {
  for (const text of [
    '123456',
    ' 123 456\n',
    '123-456',
    '12 34 56',
    '1 2 3 4 5 6',
    '123\u00a0456',
    '\u200e123456\u200f',
    '１２３４５６',
    '١٢٣ ٤٥٦',
    'Code for 2FA: 123-456',
    'Your code is 123456. It expires in 10 minutes.',
    '123456 is your Example code.\n\n@login.example.com #123456',
    'G-123456',
    'Code 123456, or call 0800 555 2671',
    'Code 123456 for +49 151 654321',
    'Order 12345678: 123456',
    '您的验证码是123456，5分钟内有效',
  ]) {
    it(`is clear in ${JSON.stringify(text)}`, () => assert.equal(findCode(text).code, CODE));
  }

  for (const text of [
    '',
    '12345',
    '1234567',
    '123456 654321',
    'Codes: 123456 or 654321',
    'Order 654321, code 123 456',
    '2026-11-29',
    '29-11-26',
    '29.11.26',
    '12:34:56',
    'Call 415 555 2671',
    'Call +49 151 123456',
    'Total: 1,234.56',
    'no digits',
  ]) {
    it(`is not clear in ${JSON.stringify(text)}`, () => assert.equal(findCode(text).code, null));
  }
});
