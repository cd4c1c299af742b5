// A user of the hosted login in one login session, with the first factor's token.

import { randomUUID } from 'node:crypto';

let accounts = 0;

/** A new account, so that a test doesn't run into limits that another test has used up. */
export function newAccount({ issuer }, { number = nextNumber(), enrolled = true, claims = {} } = {}) {
  return loginOf(issuer, { subject: `user-${randomUUID()}`, number, enrolled, claims });
}

/** A login of a user that is already known. */
export function loginOf(issuer, { subject, number, enrolled, claims }) {
  const login = randomUUID();
  return {
    subject,
    number,
    login,
    /** The token of this login session. A new token is still for the same session. */
    async token(more = {}) {
      const phone = enrolled ? { phone_number: number, phone_number_verified: true } : {};
      const response = await fetch(`${issuer}/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ account: 'newcomer', claims: { sub: subject, jti: login, ...phone, ...claims, ...more } }),
      });
      return (await response.json()).token;
    },
    /** Another login session of the same user. */
    anotherLogin: () => loginOf(issuer, { subject, number, enrolled, claims }),
  };
}

/** A number that no other account has. */
export function nextNumber() {
  accounts += 1;
  return `+1415555${String(1000 + accounts)}`;
}
