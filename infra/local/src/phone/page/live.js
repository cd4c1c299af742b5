// The stack's state, as one stream of events for the whole page. Each event carries everything that is shown, except the
// timeline's entries.

const stream = new EventSource('/live');
const hearers = [];
let state = null;

stream.addEventListener('message', ({ data }) => {
  state = JSON.parse(data);
  for (const hear of hearers) hear(state);
});

/** Calls `hear` with the state, now and after each change. */
export function follow(hear) {
  hearers.push(hear);
  if (state) hear(state);
}

/** Calls `hear` with whether the stack can be reached. */
export function reach(hear) {
  stream.addEventListener('open', () => hear(true));
  stream.addEventListener('error', () => hear(false));
}
