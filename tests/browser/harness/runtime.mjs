// Runs the functions as Lambda does: each real binary in its own process, one event at a time from the Runtime API.
// `cargo lambda watch` does the same for developers, but it also compiles, watches files and holds cargo's lock.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { openSync } from 'node:fs';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

const INVOKE = /^\/2015-03-31\/functions\/([a-z-]+)\/invocations$/;
const RUNTIME = /^(?:\/runtime\/([a-z-]+))?\/2018-06-01\/runtime\/(?:invocation\/(next|([^/]+)\/(response|error))|init\/error)$/;
const DEADLINE = 30_000;

/**
 * Listens for invocations; `run` and `start` start the functions that handle them. A function without a name is the
 * only one on its runtime, whose address then has no path, because some languages' clients don't support one.
 */
export async function openRuntime() {
  const functions = new Map();
  const server = createServer((request, response) => {
    serve(functions, request, response).catch((error) => {
      response.writeHead(500, { 'x-amz-function-error': 'Unhandled' }).end(String(error));
    });
  });
  server.keepAliveTimeout = 60_000; // longer than a function idles, so that a poll never meets a closing connection
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address();

  const runtime = {
    port,
    run(names, binaries, environment, log) {
      const output = openSync(log, 'a');
      for (const name of names) runtime.start(name, [`${binaries}/${name}`], environment, output);
    },
    /** Starts one function, with its output in the file `output`. */
    start(name, [command, ...parameters], environment, output, cwd = undefined) {
      const lambda = { waiting: [], poll: null, running: new Map(), startedAt: performance.now() };
      lambda.polled = new Promise((up, down) => Object.assign(lambda, { up, down }));
      lambda.polled.catch(() => {}); // reported to those who wait for it and to invocations
      lambda.child = spawn(command, parameters, {
        stdio: ['ignore', output, output],
        cwd,
        env: {
          ...environment,
          AWS_LAMBDA_RUNTIME_API: name ? `http://127.0.0.1:${port}/runtime/${name}` : `127.0.0.1:${port}`,
          AWS_LAMBDA_FUNCTION_NAME: name || 'function',
          AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
          AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
        },
      });
      lambda.child.on('error', (error) => end(lambda, error.message));
      lambda.child.on('exit', (code, signal) => end(lambda, `${command} ended with ${code ?? signal}`));
      functions.set(name, lambda);
      return lambda;
    },
    /** Invokes a function with a JSON event and returns its JSON answer. */
    invoke(name, event) {
      return new Promise((answered) => {
        const caller = { writeHead: () => caller, end: answered };
        invoke(functions.get(name), event, caller);
      });
    },
    kill() {
      for (const { child } of functions.values()) child.kill();
    },
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return runtime;
}

async function serve(functions, request, response) {
  const invoked = INVOKE.exec(request.url);
  if (invoked) return invoke(functions.get(invoked[1]), await text(request), response);
  const [, name = '', next, id, outcome] = RUNTIME.exec(request.url) ?? [];
  const lambda = functions.get(name);
  if (!lambda) return response.writeHead(404).end();
  if (next === 'next') return take(lambda, response);
  const body = await text(request);
  response.writeHead(202).end();
  if (!id) return end(lambda, `it does not come up: ${body}`);
  const caller = lambda.running.get(id);
  lambda.running.delete(id);
  caller?.writeHead(200, outcome === 'error' ? { 'x-amz-function-error': 'Unhandled' } : {}).end(body);
}

function invoke(lambda, event, caller) {
  if (!lambda) return caller.writeHead(404).end('there is no such function');
  if (lambda.failure) return caller.writeHead(500).end(lambda.failure);
  lambda.waiting.push({ id: randomUUID(), event, caller });
  feed(lambda);
}

function take(lambda, poll) {
  lambda.up(performance.now() - lambda.startedAt);
  lambda.poll = poll;
  feed(lambda);
}

function feed(lambda) {
  if (!lambda.poll || lambda.waiting.length === 0) return;
  const { id, event, caller } = lambda.waiting.shift();
  lambda.running.set(id, caller);
  lambda.poll
    .writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': id,
      'lambda-runtime-deadline-ms': Date.now() + DEADLINE,
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:123456789012:function:local',
      'lambda-runtime-trace-id': 'Root=1-00000000-000000000000000000000000',
    })
    .end(event);
  lambda.poll = null;
}

/** After a function has ended, answers its waiting and later invocations with the reason. */
function end(lambda, failure) {
  lambda.failure ??= failure;
  lambda.down(new Error(failure));
  for (const caller of [...lambda.waiting.map(({ caller }) => caller), ...lambda.running.values()]) {
    caller.writeHead(500).end(lambda.failure);
  }
  lambda.waiting = [];
  lambda.running.clear();
}
