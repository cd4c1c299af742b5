// Who asks, from the claims that API Gateway's authorizer has verified; the digests that items and codes are known by.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

import { Problem } from './http.mjs';
import { policy } from './policy.mjs';

const SKEW = 60;
const MEMORY = 3600;

/** Each field is framed by its length, so that no two lists of fields collide. */
function framed(hash, fields) {
  for (const field of fields) {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(Buffer.byteLength(field)));
    hash.update(length).update(field);
  }
  return hash.digest();
}

export const sha256 = (...fields) => framed(createHash('sha256'), fields);
export const hmac = (key, ...fields) => framed(createHmac('sha256', key), fields);

export function uint32(number) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

export const isAmong = (digest, stored) =>
  stored.reduce((found, other) => timingSafeEqual(digest, other) || found, false);

export function firstFactor(event, now) {
  const claims = event.requestContext.authorizer?.jwt?.claims ?? {};
  const [iss, sub] = [required(claims, 'iss'), required(claims, 'sub')];
  const authTime = seconds(claims.auth_time);
  if (!(authTime + policy.maxAuthAge > now && authTime <= now + SKEW)) {
    throw new Problem(403, 'authentication-too-old', 'The first factor was given too long ago. Sign in again.');
  }
  const exp = seconds(claims.exp);
  if (Number.isNaN(exp)) throw unauthenticated('exp');
  if (!claims.jti) throw new Problem(403, 'session-missing', "The first factor's token does not name its session.");
  return {
    subject: sha256('subject', iss, sub),
    session: sha256('session', claims.jti, Buffer.alloc(8)), // zero: a `jti` outlives no login
    sub,
    txn: claims.jti,
    amr: methods(claims.amr ?? ''),
    authTime,
    keepUntil: Math.max(exp, authTime + policy.maxAuthAge) + MEMORY,
    phone: claims.phone_number_verified === 'true' ? claims.phone_number : undefined,
  };
}

const unauthenticated = (claim) =>
  new Problem(401, 'unauthenticated', "The first factor's token lacks a claim, or one cannot be read.", { claim });

function required(claims, name) {
  if (!claims[name]) throw unauthenticated(name);
  return claims[name];
}

const seconds = (claim) => (/^\d+$/.test(claim) ? Number(claim) : NaN);

/** API Gateway writes a list as `[pwd mfa]`. */
function methods(claim) {
  const listed = claim
    .replace(/^\[(.*)\]$/, '$1')
    .split(/\s+/)
    .filter(Boolean);
  if (!listed.every((method) => /^[\w.:/-]+$/.test(method))) throw unauthenticated('amr');
  return listed;
}
