/** The bundle for browsers: small enough, free of Node, and the same client over the WebSocket that it finds. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Packr } from 'msgpackr/pack';
import { Unpackr } from 'msgpackr/unpack';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket } from 'ws';
import type * as Library from '@callboard/client';
import { utf8Length } from '@callboard/client/protocol';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { withFakes } from './fake-cluster.ts';
import { numbers, valuesOf } from './kit.ts';
import { assertProperty } from '../lib/properties.ts';

const dist = join(findRepoRoot(import.meta.url), 'client/dist');
const file = join(dist, 'browser/callboard.js');

interface Msgpack {
  readonly Packr: new () => { pack(value: unknown): Uint8Array };
  readonly Unpackr: new () => { unpack(bytes: Uint8Array): unknown };
}

test('it is below 32 kB gzipped, and asks for nothing', () => {
  const source = readFileSync(file);
  const size = gzipSync(source, { level: 9 }).byteLength;
  assert.ok(size < 32_000, `${size} bytes gzipped`);
  const text = source.toString();
  assert.not.match(text, /\bfrom\s*["']|\bimport\s*["'(]|\brequire\b|\bBuffer\b|\bprocess\./);
  assert.not.match(text, /\beval\(|new Function/, 'a page may forbid code from text');
});

test('its msgpack writes and reads what msgpackr does', async () => {
  const own = (await import(pathToFileURL(join(dist, 'browser/msgpack.js')).href)) as Msgpack;
  const options = { useRecords: false, moreTypes: false, bundleStrings: false };
  const packr = new Packr(options);
  const unpackr = new Unpackr(options);
  const edges = [31, 32, 127, 128, 255, 256, 65_535, 65_536, 0xffffffff, 0x100000000, 2 ** 53 - 1];
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, false, ...edges, ...edges.map((edge) => -edge), -1, -33, -129, -32_769),
      fc.maxSafeInteger(),
      fc
        .string({ unit: 'binary', maxLength: 300 })
        .filter((text) => utf8Length(text) >= 0 && !text.startsWith('\ufeff')),
      fc.uint8Array({ maxLength: 300 }),
      fc.array(tie('value'), { maxLength: 20 }),
    ),
  })).value;
  assertProperty(
    fc.property(fc.array(value), (values) => {
      const bytes = new own.Packr().pack(values);
      assert.equal(bytes, new Uint8Array(packr.pack(values)));
      assert.equal(new own.Unpackr().unpack(bytes), unpackr.unpack(bytes));
    }),
    { numRuns: 300 },
  );
  const long = [numbers(70_000), 'x'.repeat(70_000), new Uint8Array(70_000)];
  assert.equal(new own.Packr().pack(long), new Uint8Array(packr.pack(long)));
});

test('it produces and consumes over the WebSocket of its place', async () => {
  // Node 20 has none of its own; the one of `ws` has the same interface.
  Object.assign(globalThis, { WebSocket });
  const { connect } = (await import(pathToFileURL(file).href)) as typeof Library;
  await withFakes(1, async (cluster) => {
    await using client = await connect(cluster.urls);
    await client.createTopic('t', { partitions: 1 });
    await using producer = client.producer('t');
    await producer.sendBatch(numbers(2_000).map((value) => ({ value })));
    assert.equal(valuesOf(cluster, 't', 0), numbers(2_000));
    await using consumer = client.consumer('t', { id: 'c', ack: 'auto' });
    const seen: string[] = [];
    for await (const record of consumer) if (seen.push(record.text()) === 2_000) break;
    assert.equal(seen, numbers(2_000));
    let refused = false;
    await connect('ws://127.0.0.1:1', { deadlineMs: 300 }).catch(() => (refused = true));
    assert.ok(refused);
  });
});

test.run();
