// GET /v1/challenge: all that the page needs to draw itself and, once approved, the result token.

import { invalid, serve } from './shared/http.mjs';
import { firstFactor } from './shared/identity.mjs';
import { RESULT_LIFE } from './shared/policy.mjs';
import { load } from './shared/store.mjs';
import { sign } from './shared/token.mjs';
import { show } from './shared/view.mjs';

async function status(event, now) {
  const factor = firstFactor(event, now);
  const purpose = event.queryStringParameters?.purpose ?? 'login';
  if (purpose !== 'login') throw invalid('purpose', 'must be login');
  const stored = await load(factor.subject);
  const own = stored.challenges.find(({ session }) => session === factor.session.toString('base64url'));
  const isProven = own?.settled && own.approvedAt + RESULT_LIFE > now;
  return show(200, { ...stored, own }, factor, now, isProven ? await sign(factor, own) : undefined);
}

await serve('status', status);
