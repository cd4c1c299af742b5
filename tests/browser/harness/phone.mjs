// The phone of one number, on the local stack's phone: reads messages and answers calls.

import { eventually } from './eventually.mjs';

const CODE = /#(\d{6})$/;

/** @param {{ phone: string }} stack @param {string} number */
export function phoneOf({ phone }, number) {
  const list = async (what) => (await (await fetch(`${phone}/${what}`)).json()).filter(({ to }) => to === number);
  const post = async (path, body = {}) => {
    const response = await fetch(phone + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  };

  return {
    messages: () => list('messages'),
    calls: () => list('calls'),
    /** The code of the `nth` message, counted from one. */
    async code(nth = 1) {
      const { text } = await eventually(`message ${nth} to ${number}`, async () => (await list('messages'))[nth - 1]);
      return CODE.exec(text)[1];
    },
    /** Waits until the latest call rings. */
    async ringing() {
      const sid = await eventually(`a call to ${number}`, async () => {
        const last = (await list('calls')).at(-1);
        return last?.status === 'ringing' && last.sid;
      });
      const now = async () => (await list('calls')).find((call) => call.sid === sid);
      return {
        now,
        ignore: () => post(`/calls/${sid}/ignore`),
        hangUp: () => post(`/calls/${sid}/hangup`),
        answer: (as = 'human') => post(`/calls/${sid}/answer`, { as }),
        /** Answers, waits until the call expects a key, and returns what it said. */
        async listen() {
          await post(`/calls/${sid}/answer`);
          return eventually('the caller to listen', async () => {
            const { listening, spoken } = await now();
            return listening && spoken.join(' ');
          });
        },
        /** The code that the call speaks digit by digit. */
        spokenCode: () => eventually('a code to be said', async () => {
          const digits = (await now()).spoken.join(' ').replaceAll(/\D/g, '');
          return digits.length >= 6 && digits.slice(0, 6);
        }),
        async press(keys) {
          for (const key of keys) await post(`/calls/${sid}/press`, { key });
        },
      };
    },
  };
}

/** Makes the providers of a whole stack fail until set otherwise: `{ sms: '500' }`, `{ voice: 'busy' }`. */
export async function setFaults({ phone }, faults) {
  const response = await fetch(`${phone}/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(faults),
  });
  if (!response.ok) throw new Error(`faults: ${response.status} ${await response.text()}`);
}
