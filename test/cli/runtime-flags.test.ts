// timeout: 20 s
import { execFileSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeFlags } from '../../src/cli/runtime-flags.ts';

/** V8 complains on the standard error of each node that is given a flag it does not know, and goes on without it. */
test('every flag that a node sets is one that V8 has', () => {
  const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
  for (const flag of nodeFlags) {
    const [name = ''] = flag.replace(/^--no-/, '--').split('=', 1);
    assert.match(known, new RegExp(`^ +${name} \\(`, 'm'), name);
  }
});

test.run();
