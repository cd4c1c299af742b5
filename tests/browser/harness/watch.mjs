// What no page of ours may do, whatever a test is about: report an error, break its own policy, or ask a third party.

/** Listens to everything in `context`; `complaints` says what was wrong. */
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
    if (url.protocol !== 'data:' && !origins.includes(url.origin)) complaints.push(`asked a third party: ${url.origin}`);
  });
  return complaints;
}

/** The browser logs each problem of the API, and each request without a network, as an error: those are answers. */
function isAnswer(message) {
  const { pathname } = new URL(message.location().url || 'about:blank');
  const failed = message.text().startsWith('Failed to load resource');
  return failed && (pathname.startsWith('/v1/') || message.text().includes('ERR_INTERNET_DISCONNECTED'));
}
