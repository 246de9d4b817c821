// LevelDB compacts while it is being opened: it may open, and only its first batch tells that a table is cut short.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Engine, EngineHost } from '../../src/storage/engine.ts';
import { g1 } from './kit.ts';
import type { TestNode } from './kit.ts';
import { owes, scene } from './scene.ts';

const test = suite('damage that the first batch meets');

/** Its first batch fails; then it does not open again, if it is `damaged`, until it has been set aside. */
function failing(host: EngineHost, damaged: boolean): EngineHost {
  let failed = false;
  let aside = false;
  const fails = (engine: Engine): Engine => ({
    batch: (_ops, done) => {
      failed = true;
      engine.get(Uint8Array.of(0), () => done(new Error('Corruption: truncated block read')));
    },
    get: (key, done) => engine.get(key, done),
    scan: (range, done) => engine.scan(range, done),
    close: (done) => engine.close(done),
  });
  return {
    open: (done) =>
      host.open((opened) => {
        if (!opened.ok || aside) done(opened);
        else if (!failed) done({ ok: true, engine: fails(opened.engine) });
        else if (!damaged) done(opened);
        else opened.engine.close(() => done({ ok: false, damaged: true, detail: 'it reported damage' }));
      }),
    setAside: (done) => {
      aside = true;
      host.setAside(done);
    },
  };
}

function stopped(): { readonly node: TestNode; readonly log: ReturnType<typeof scene>['log'] } {
  const { node, log } = scene();
  node.crash(false);
  return { node, log };
}

test('is set aside at once: the start goes on with an empty database, and every copy owes what it owed', () => {
  const { node, log } = stopped();
  const store = node.start({ host: failing(node.storage.engine, true) });
  assert.ok(
    store.warnings.some((warning) => warning.includes('set aside')),
    store.warnings.join('\n'),
  );
  assert.equal(owes(store.open(g1).verdict), log.tail);
  // Neither this start nor the one after it forgets.
  node.crash(true);
  assert.equal(owes(node.start().open(g1).verdict), log.tail);
});

test('an error that is no damage ends the start, and costs nothing', () => {
  const { node, log } = stopped();
  const opened = node.tryStart({ host: failing(node.storage.engine, false) });
  assert.is(opened.ok, false);
  assert.is(!opened.ok && opened.detail, 'Corruption: truncated block read');
  node.crash(false);
  const { verdict, tail } = node.start().open(g1);
  assert.equal(verdict, { kind: 'clean' });
  assert.equal(tail, log.tail);
});

test.run();
