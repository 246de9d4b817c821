/** A cluster that refuses every record: no example of ours leaves a rejection that nobody handles, which would end a process. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { failure } from '@callboard/client/protocol';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { failing, withFakes } from '../client/fake-cluster.ts';
import { Child } from '../lib/child.ts';

const root = findRepoRoot(import.meta.url);
const examples = join(root, 'examples');
const library = "from '@callboard/client'";

/** A rejection of the program itself, at its top, is no such event: it is told and ends the program, as it should. */
const watch = `data:text/javascript,process.on('unhandledRejection',()=>console.log('UNHANDLED'))`;

const programs = new Map<string, readonly string[]>();
for (const name of readdirSync(examples)) {
  if (!name.endsWith('.mjs') || name.endsWith('.test.mjs')) continue;
  const file = join(examples, name);
  if (readFileSync(file, 'utf8').includes(library)) programs.set(name, [file]);
}
for (const page of ['docs/client.md', 'client/README.md']) {
  const blocks = readFileSync(join(root, page), 'utf8').matchAll(/^```js\n(.*?)^```$/gms);
  for (const [i, [, code = '']] of [...blocks].entries()) {
    // Ends by a signal only, and sends nothing.
    if (code.includes('SIGTERM')) continue;
    programs.set(`${page}, program ${i + 1}`, ['--input-type=module', '-e', code]);
  }
}

test('there are such programs', () => assert.ok(programs.size >= 8, [...programs.keys()].join()));

/** The first records are taken in a second round, so that programs of the page get further than their first lines. */
const cases = [...programs].flatMap(([name, args]) =>
  (name.startsWith('docs/') ? [0, 6] : [0]).map((taken) => ({ name, args, taken })),
);

for (const { name, args, taken } of cases) {
  test(`${name}: all but ${taken} chunks are refused`, async () => {
    await withFakes(1, async (cluster) => {
      const refused = failure('partition_quarantined', { message: 'refused by the test' });
      const refuse = failing('produce', refused, Infinity);
      let left = taken;
      cluster.node(0).hook = (frame, connection) => {
        if (frame.kind === 'produce' && left > 0) left -= 1;
        else return refuse(frame, connection);
        return false;
      };
      const url = cluster.node(0).url.replace(/^ws/, 'http').replace('/client', '');
      const own = args.map((text) => text.replaceAll('http://localhost:8080', url));
      const child = new Child([process.execPath, `--import=${watch}`, ...own, url], { cwd: root });
      const late = setTimeout(() => child.kill('SIGKILL'), 30_000);
      const end = await child.ended;
      clearTimeout(late);
      assert.not.match(child.output, /UNHANDLED/, child.output);
      assert.is(end.signal, null, `it does not end:\n${child.output}`);
    });
  });
}

test.run();
