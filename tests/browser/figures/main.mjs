// `make page-figures`: what the login page costs the person who waits, in one run on one machine. Prints a table with the
// goals, and writes results.json and figures.svg.
//
//     node figures/main.mjs [FILE]     also writes the results to FILE

import { readFileSync, writeFileSync } from 'node:fs';

import { openStage } from '../harness/scenes.mjs';
import { loading } from './loading.mjs';
import { plot } from './plot.mjs';
import { polls } from './polls.mjs';
import { pressToApproved } from './press.mjs';
import { print } from './report.mjs';
import { screens } from './screens.mjs';

const RESULTS = new URL('results.json', import.meta.url);
const PLOT = new URL('figures.svg', import.meta.url);

const recorded = JSON.parse(readFileSync(RESULTS, 'utf8'));
const results = await measured();
const text = `${JSON.stringify(results, null, 2)}\n`;
for (const file of [RESULTS, process.argv[2]].filter(Boolean)) writeFileSync(file, text);
writeFileSync(PLOT, plot(results));
print(results, recorded);

async function measured() {
  const stage = await openStage('figures');
  try {
    const run = { date: new Date().toISOString().slice(0, 10), chromium: stage.browser.version() };
    console.error('until a button works');
    const loaded = await loading(stage);
    console.error('from # to the approved screen');
    const press = await pressToApproved(stage);
    console.error('polls, and every screen');
    // The journeys that are counted are mostly pauses, so the screens don't disturb them.
    const [counted, shown] = await Promise.all([polls(stage), screens(stage)]);
    return { ...run, loading: loaded, pressToApproved: press, polls: counted, screens: shown };
  } finally {
    await stage.close();
  }
}
