// The sizes of what is deployed: the binary and its zip.

import { readFileSync, readdirSync } from 'node:fs';
import { constants, deflateRawSync } from 'node:zlib';

import { RELEASE } from './competitors.mjs';
import { REPOSITORY } from './fronts.mjs';

const ZIP_HEADERS = 150; // roughly what a zip of one file adds to the deflated bytes

/** Bytes of each function's binary, and of its zip. */
export function sizes() {
  const names = readdirSync(`${REPOSITORY}/functions`, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name).sort();
  return Object.fromEntries(names.map((name) => [name, sizeOf(`${RELEASE}/${name}`)]));
}

function sizeOf(file) {
  const bytes = readFileSync(file);
  const zip = deflateRawSync(bytes, { level: constants.Z_BEST_COMPRESSION }).length + ZIP_HEADERS;
  return { binary: bytes.length, zip };
}
