// A client of Lambda's Runtime API. The official one (aws-lambda-ric) compiles a native library with autotools when it
// is installed, which nobody should need for a benchmark. Like that one, this keeps its connection open and takes one
// event at a time.

import http from 'node:http';
import { text } from 'node:stream/consumers';

const API = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

/** Has `handler` answer every event until the environment ends. */
export async function run(handler) {
  for (;;) {
    const next = await call('GET', `${API}/next`);
    const requestId = next.headers['lambda-runtime-aws-request-id'];
    process.env._X_AMZN_TRACE_ID = next.headers['lambda-runtime-trace-id'] ?? '';
    const [outcome, body] = await answer(handler, next.body, requestId);
    await call('POST', `${API}/${requestId}/${outcome}`, JSON.stringify(body));
  }
}

async function answer(handler, event, requestId) {
  try {
    return ['response', await handler(JSON.parse(event), { awsRequestId: requestId })];
  } catch (error) {
    return ['error', { errorType: error.name, errorMessage: error.message }];
  }
}

function call(method, url, body) {
  const headers = body ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } : {};
  return new Promise((resolve, reject) => {
    const request = http.request(url, { agent, method, headers }, async (response) => {
      resolve({ headers: response.headers, body: await text(response) });
    });
    request.on('error', reject);
    request.end(body);
  });
}
