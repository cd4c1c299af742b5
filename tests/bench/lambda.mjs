// Runs one function in its own process, with its own Runtime API.

import { closeSync, openSync, readFileSync, readdirSync } from 'node:fs';

import { openRuntime } from '../browser/harness/runtime.mjs';
import { STATE } from './fronts.mjs';

process.setMaxListeners(30); // one for each child process to kill on exit
const CORE = '1'; // all measured processes run on this core, in turns

/**
 * Starts a function.
 * @param program `{ command: string[], cwd?: string, environment?: object }`
 * @param under what it runs under, such as valgrind with its options
 * @param pinned whether to keep it on its core, which costs its start another process
 */
export async function startLambda(program, environment, { under = [], log = 'functions', pinned = true } = {}) {
  const runtime = await openRuntime();
  const output = openSync(`${STATE}/${log}.log`, 'w');
  const command = [...(pinned ? ['taskset', '--cpu-list', CORE] : []), ...under, ...program.command];
  const lambda = runtime.start('', command, { ...environment, ...program.environment }, output, program.cwd);
  closeSync(output);
  const ended = new Promise((resolve) => lambda.child.once('exit', resolve));
  const kill = () => lambda.child.kill();
  process.once('exit', kill); // also if this process crashes
  return {
    /** Milliseconds from the process's start to its first poll. */
    polled: lambda.polled,
    invoke: (event) => runtime.invoke('', JSON.stringify(event)),
    cpu: () => cpu(lambda.child.pid),
    peakMemory: () => peakMemory(lambda.child.pid),
    /** Ends it, and returns what it printed. */
    async stop() {
      process.off('exit', kill);
      kill();
      await ended;
      await runtime.close();
      return readFileSync(`${STATE}/${log}.log`, 'utf8');
    },
  };
}

/** Nanoseconds that the process's threads have been on a core. */
function cpu(pid) {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => sum + Number(proc(pid, `task/${thread}/schedstat`).split(' ')[0]), 0);
}

/** The most memory that the process has had resident, in bytes. */
function peakMemory(pid) {
  return Number(/VmHWM:\s+(\d+) kB/.exec(proc(pid, 'status'))[1]) * 1024;
}

function proc(pid, file) {
  return readFileSync(`/proc/${pid}/${file}`, 'utf8');
}
