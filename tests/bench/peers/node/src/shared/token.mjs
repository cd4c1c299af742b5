// The result token: a JWT that a key in KMS signs.

import { createHash } from 'node:crypto';

import { KMSClient, SignCommand } from '@aws-sdk/client-kms';

import { sha256, uint32 } from './identity.mjs';
import { RESULT_LIFE } from './policy.mjs';
import { requestHandler } from './store.mjs';

const kms = new KMSClient({ requestHandler });
const KeyId = process.env.SIGNING_KEY_ARN;

/** A digest, so that it tells nothing of the account. */
const kid = createHash('sha256').update(KeyId).digest('base64url').slice(0, 16);
const METHODS = { 'sms-code': ['otp', 'sms', 'mfa'], 'press-pound': ['tel', 'mfa'] };

const part = (json) => Buffer.from(JSON.stringify(json)).toString('base64url');

export async function sign(factor, { session, generation, approvedAt, approvedBy }) {
  const id = sha256('challenge', factor.subject, Buffer.from(session, 'base64url'), uint32(generation));
  const claims = {
    iss: process.env.PUBLIC_BASE_URL,
    aud: process.env.RESULT_AUDIENCE,
    sub: factor.sub,
    iat: approvedAt,
    exp: approvedAt + RESULT_LIFE,
    jti: id.toString('base64url'),
    txn: factor.txn,
    amr: [...new Set([...factor.amr, ...METHODS[approvedBy]])],
    acr: 'urn:alliance-mfa:acr:phone',
    auth_time: factor.authTime,
  };
  const unsigned = `${part({ alg: 'RS256', typ: 'mfa-result+jwt', kid })}.${part(claims)}`;
  const { Signature } = await kms.send(
    new SignCommand({
      KeyId,
      Message: createHash('sha256').update(unsigned).digest(),
      MessageType: 'DIGEST',
      SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256',
    }),
  );
  return `${unsigned}.${Buffer.from(Signature).toString('base64url')}`;
}
