// Secrets, read once when the function starts.

import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

import { hmac, sha256, uint32 } from './identity.mjs';
import { requestHandler } from './store.mjs';

export async function readSecret(SecretId) {
  const client = new SecretsManagerClient({ requestHandler });
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId }));
  return JSON.parse(SecretString);
}

/** The MACs of codes: made under one key and judged under all, so that a rotation spoils no code on its way. */
export async function openMacKeys() {
  const secret = await readSecret(process.env.MAC_KEYS_SECRET_ARN);
  const [current, previous, next] = [secret.current, secret.previous, secret.next].map(
    (text) => text && sha256('alliance-mfa code MAC key', text),
  );
  const nextNotBefore = Date.parse(secret.nextNotBefore) / 1000;
  const mac = (key, subject, { session, generation, phone }, code) =>
    hmac(key, subject, Buffer.from(session, 'base64url'), uint32(generation), phone, code);
  return {
    make: (subject, challenge, code, now) =>
      mac(next && nextNotBefore <= now ? next : current, subject, challenge, code),
    candidates: (subject, challenge, code) =>
      [current, previous, next].filter(Boolean).map((key) => mac(key, subject, challenge, code)),
  };
}
