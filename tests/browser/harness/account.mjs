// A user of the hosted login, in one login: who it is and the token that the first factor gives.

import { randomUUID } from 'node:crypto';

let accounts = 0;

/** An account of its own, so that no test meets the limits that another has used up. */
export function newAccount({ issuer }, { number = nextNumber(), enrolled = true, claims = {} } = {}) {
  return loginOf(issuer, { subject: `user-${randomUUID()}`, number, enrolled, claims });
}

function loginOf(issuer, { subject, number, enrolled, claims }) {
  const login = randomUUID();
  return {
    subject,
    number,
    login,
    /** The token of this login; minted again it is the same login. */
    async token(more = {}) {
      const phone = enrolled ? { phone_number: number, phone_number_verified: true } : {};
      const response = await fetch(`${issuer}/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ account: 'newcomer', claims: { sub: subject, jti: login, ...phone, ...claims, ...more } }),
      });
      return (await response.json()).token;
    },
    /** The same user, signing in once more elsewhere. */
    anotherLogin: () => loginOf(issuer, { subject, number, enrolled, claims }),
  };
}

/** A number that is nobody else's. */
export function nextNumber() {
  accounts += 1;
  return `+1415555${String(1000 + accounts)}`;
}
