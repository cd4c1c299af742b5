// Starts Chromium: the one in PATH, or the one that CHROMIUM names.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

export function launch(options = []) {
  // The sandbox doesn't work as root in a container, and the tests only open this repository's pages.
  return chromium.launch({ executablePath: executable(), args: ['--no-sandbox', ...options] });
}

function executable() {
  const named = process.env.CHROMIUM;
  const onPath = process.env.PATH.split(':').flatMap((folder) => [`${folder}/chromium`, `${folder}/chromium-browser`]);
  const found = (named ? [named] : onPath).find((file) => existsSync(file));
  if (!found) throw new Error(`${named ?? 'chromium'} is missing: apt-get install chromium, or set CHROMIUM to a browser's path`);
  return found;
}
