// HTTP/2 in front of an HTTP/1.1 server, because API Gateway speaks HTTP/2 and browsers only speak it over TLS.

import { execFileSync } from 'node:child_process';
import { X509Certificate, createHash } from 'node:crypto';
import { request } from 'node:http';
import { createSecureServer } from 'node:http2';

// HTTP/2 has no such headers (RFC 9113, section 8.2.2).
const OF_THE_CONNECTION = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'];

/** A certificate for this machine, and the option with which Chromium trusts its key. */
export function certificate() {
  const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout - -out -'.split(' ');
  const named = ['-subj', '/CN=front', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const pem = execFileSync('openssl', [...words, ...named], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const key = new X509Certificate(pem.slice(pem.indexOf('-----BEGIN CERTIFICATE'))).publicKey;
  const digest = createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('base64');
  // Chromium caches nothing that came with a certificate error, so the error must not occur rather than be ignored.
  return { key: pem, cert: pem, trust: `--ignore-certificate-errors-spki-list=${digest}` };
}

/** Passes what it is asked on to `origin`. */
export async function openFront(origin, { key, cert }) {
  const sessions = new Set();
  const server = createSecureServer({ key, cert }, (asked, answer) => passOn(origin, asked, answer));
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const hangUp = () => sessions.forEach((session) => session.destroy());
  return {
    url: `https://127.0.0.1:${server.address().port}`,
    /** Ends the connections, so that the next visit opens its own. */
    hangUp,
    close() {
      hangUp();
      return new Promise((closed) => server.close(closed));
    },
  };
}

function passOn(origin, asked, answer) {
  const named = Object.entries(asked.headers).filter(([name]) => !name.startsWith(':'));
  const headers = { ...Object.fromEntries(named), host: asked.headers[':authority'] };
  const onward = request(origin + asked.url, { method: asked.method, headers }, (response) => {
    const kept = Object.entries(response.headers).filter(([name]) => !OF_THE_CONNECTION.includes(name));
    answer.writeHead(response.statusCode, Object.fromEntries(kept));
    response.pipe(answer);
  });
  onward.on('error', () => answer.stream?.close());
  asked.pipe(onward);
}
