/** Starts one peer as the benchmark does, tells its address, and stops it with Ctrl-C: `node run.js NAME [MODE]`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peers } from './index.ts';

const [name, modeName] = process.argv.slice(2);
const peer = peers.find((one) => one.name === name);
if (peer === undefined) throw new RangeError(`which peer? ${peers.map((one) => one.name).join(', ')}`);
const mode = modeName ?? peer.modes[0].name;
if (!peer.modes.some((one) => one.name === mode)) {
  throw new RangeError(`${peer.name} has the modes ${peer.modes.map((one) => one.name).join(', ')}`);
}
const missing = peer.missing();
if (missing !== undefined) throw new Error(missing);
const directory = mkdtempSync(join(tmpdir(), `callboard-peer-${peer.name}-`));
// However it ends: the servers are killed with this process, and then their data is removed.
process.on('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));
const running = await peer.start({ directory, mode });
process.stdout.write(
  `${peer.name} ${running.version} (${mode}): ${JSON.stringify(running.address)}\ndata in ${directory}; Ctrl-C stops it\n`,
);
