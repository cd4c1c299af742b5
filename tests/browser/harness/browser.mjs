// Debian's Chromium, or the one that CHROMIUM names.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

export function launch() {
  // Without a sandbox, which a container's root has none of: it sees this checkout's pages only.
  return chromium.launch({ executablePath: executable(), args: ['--no-sandbox'] });
}

function executable() {
  const named = process.env.CHROMIUM;
  const onPath = process.env.PATH.split(':').flatMap((folder) => [`${folder}/chromium`, `${folder}/chromium-browser`]);
  const found = (named ? [named] : onPath).find((file) => existsSync(file));
  if (!found) throw new Error(`${named ?? 'chromium'} is missing: apt-get install chromium, or set CHROMIUM to a browser's path`);
  return found;
}
