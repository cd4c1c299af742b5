// Turns recordings of one operation for many people into a template of requests with blanks, and each person's values
// for the blanks. A string that is the same for everybody stays in the template; any other becomes a blank.

/** @param recordings for each person the requests, as the fronts recorded them */
export function template(recordings) {
  const values = recordings.map(() => []);
  const all = recordings.map((requests) => requests.map(readable));
  return { requests: common(all, values), values };
}

/** The operation that a recorded request asks for. */
export function operation({ service, method, target }) {
  if (target) return target.split('.')[1];
  return service === 'sns' ? 'Publish' : method;
}

function readable(request) {
  return { operation: operation(request), body: body(request) };
}

function body({ service, body }) {
  if (service === 'voice') return [...new URLSearchParams(String(body))];
  if (service === 'sns') return Object.fromEntries(new URLSearchParams(String(body)));
  const { ClientRequestToken, ...rest } = JSON.parse(body); // new for every request
  if (service === 'events') for (const entry of rest.Entries) entry.Time = String(entry.Time); // floors only fill in strings
  return rest;
}

function common(all, values) {
  const [first] = all;
  if (Array.isArray(first)) {
    alike(all, (each) => each.length);
    return first.map((_, index) => common(all.map((each) => each[index]), values)); // prettier-ignore
  }
  if (first !== null && typeof first === 'object') {
    alike(all, (each) => Object.keys(each).sort().join());
    const names = Object.keys(first).sort();
    return Object.fromEntries(
      names.map((name) => [
        name,
        common(
          all.map((each) => each[name]),
          values,
        ),
      ]),
    );
  }
  if (all.every((each) => each === first)) return first;
  if (typeof first !== 'string') throw new Error(`people differ in ${first}, which is no text`);
  all.forEach((each, person) => values[person].push(each));
  return { $: values[0].length - 1 };
}

function alike(all, shape) {
  const shapes = new Set(all.map(shape));
  if (shapes.size > 1) throw new Error(`the requests of one operation differ: ${[...shapes].join(' and ')}`);
}
