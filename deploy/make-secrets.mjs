// Makes the secrets of a cluster in a directory, if they are not there: node deploy/make-secrets.mjs DIRECTORY
//
// Nothing secret is ever a default in this repository: each installation draws its own.
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const directory = process.argv[2];
if (directory === undefined) {
  console.error('usage: node make-secrets.mjs DIRECTORY');
  process.exit(2);
}

/** Whole or not at all, readable by its owner only, and never over what is there. */
function make(name) {
  const file = join(directory, name);
  if (existsSync(file)) return;
  const draft = `${file}.${process.pid}`;
  const handle = openSync(draft, 'wx', 0o600);
  writeSync(handle, `${randomBytes(32).toString('hex')}\n`);
  fsyncSync(handle);
  closeSync(handle);
  linkSync(draft, file);
  rmSync(draft);
  console.log(`made ${file}`);
}

for (const name of ['secret', 'admin-token']) make(name);
