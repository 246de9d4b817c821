// A real process, killed without warning again and again: what it said was answered is there.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SimRandom } from '../../sim/ports/sim-random.ts';
import { temporaryDirectory } from './hosts.ts';

const test = suite('kill');

interface Life {
  readonly found: readonly [number, number];
  readonly wrote: readonly [number, number];
}

/** Runs the child and kills it after so many answers. */
function liveUntil(directory: string, answers: number): Promise<Life> {
  const script = fileURLToPath(new URL('./kill-child.js', import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'pipe'] });
    let found: readonly [number, number] = [0, 0];
    let wrote: readonly [number, number] | undefined;
    let left = answers;
    let trouble = '';
    child.stderr.on('data', (data: Buffer) => {
      trouble += data.toString();
    });
    createInterface(child.stdout).on('line', (line) => {
      const [what, index, term] = line.split(' ');
      const said = [Number(index), Number(term)] as const;
      if (what === 'found') found = said;
      else {
        wrote = said;
        left -= 1;
        if (left === 0) child.kill('SIGKILL');
      }
    });
    child.on('close', () => {
      if (wrote === undefined) reject(new Error(`the child wrote nothing: ${trouble}`));
      else resolve({ found, wrote });
    });
  });
}

test('ten times in a row nothing that was answered is missing', async () => {
  const directory = temporaryDirectory();
  const random = new SimRandom('kill');
  let last: readonly [number, number] = [0, 0];
  for (let round = 0; round < 10; round += 1) {
    const { found, wrote } = await liveUntil(directory, 1 + random.below(60));
    assert.ok(found[0] >= last[0] && found[1] >= last[1], `found ${found.join()}, answered ${last.join()}`);
    last = wrote;
  }
  rmSync(directory, { recursive: true });
});

test.run();
