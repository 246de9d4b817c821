/** The examples of docs/client.md, each run as a program of its own against a broker, print what the page says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { startBroker } from '../../src/index.ts';
import { Child } from '../lib/child.ts';

const root = findRepoRoot(import.meta.url);
const page = readFileSync(join(root, 'docs/client.md'), 'utf8');

interface Example {
  readonly section: string;
  readonly code: string;
  readonly output: string;
}

/** A block of `js`, and the block of `text` that follows it. */
const examples = page
  .split(/^## /m)
  .flatMap((section): readonly Example[] =>
    [...section.matchAll(/^```js\n(.*?)^```\n(?:(?!```).)*?^```text\n(.*?)^```$/gms)].map(
      ([, code = '', output = '']) => ({ section: section.slice(0, section.indexOf('\n')), code, output }),
    ),
  );

test('every example of the page is one that is run', () => {
  // The one that waits for SIGTERM is run by test/client/drain.test.ts.
  assert.is(examples.length + 1, [...page.matchAll(/^```js$/gm)].length);
  assert.ok(examples.length >= 6);
});

test('the examples do what the page says', async () => {
  const broker = await startBroker();
  try {
    for (const { section, code, output } of examples) {
      const program = code.replaceAll('http://localhost:8080', broker.httpUrl);
      const child = new Child([process.execPath, '--input-type=module', '-e', program], { cwd: root });
      const late = setTimeout(() => child.kill('SIGKILL'), 60_000);
      const end = await child.ended;
      clearTimeout(late);
      assert.is(child.output, output, section);
      assert.is(end.code, 0, section);
    }
  } finally {
    await broker.close();
  }
});

test.run();
