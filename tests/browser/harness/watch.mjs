// What our pages must never do in any test: log an error, violate their own policy, or contact a third party.

import { APP } from './stack.mjs';

/** Watches all pages in `context` and returns a list that collects what was wrong. */
export async function watch(context, origins) {
  const complaints = [];
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) => {
      console.error(`policy violated: ${violatedDirective} by ${blockedURI} in ${sourceFile}`);
    });
  });
  context.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type()) || isAnswer(message)) return;
    complaints.push(`console: ${message.text()} (${message.location().url})`);
  });
  context.on('weberror', (error) => complaints.push(`uncaught: ${error.error().stack ?? error.error()}`));
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (request.url().startsWith(APP)) return; // no request: the browser asks the system for the app
    if (url.protocol !== 'data:' && !origins.includes(url.origin)) complaints.push(`contacted a third party: ${url.origin}`);
  });
  return complaints;
}

/** Whether it is an answer: the browser also logs API problems and requests without a network as errors. */
function isAnswer(message) {
  const { pathname } = new URL(message.location().url || 'about:blank');
  const failed = message.text().startsWith('Failed to load resource');
  return failed && (pathname.startsWith('/v1/') || message.text().includes('ERR_INTERNET_DISCONNECTED'));
}
