/** What tracers are told over node:diagnostics_channel, with the shapes that docs/client.md names. */
import * as channels from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DiagnosticEvents } from '@callboard/client';
import { failure } from '@callboard/client/protocol';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { eventually } from '../lib/eventually.ts';
import { failing } from './fake-cluster.ts';
import { fill, rejected, withClient } from './kit.ts';

type Name = keyof DiagnosticEvents;
const names: readonly Name[] = [
  'callboard:connect',
  'callboard:reconnect',
  'callboard:send',
  'callboard:ack',
  'callboard:deliver',
  'callboard:fence',
];

class Listener {
  readonly #heard: { readonly name: string; readonly event: unknown }[] = [];
  readonly #note = (event: unknown, name: string | symbol): void =>
    void this.#heard.push({ name: String(name), event });

  constructor() {
    for (const name of names) channels.subscribe(name, this.#note);
  }

  of<N extends Name>(wanted: N): readonly DiagnosticEvents[N][] {
    return this.#heard.filter(({ name }) => name === wanted).map(({ event }) => event as DiagnosticEvents[N]);
  }

  [Symbol.dispose](): void {
    for (const name of names) channels.unsubscribe(name, this.#note);
  }
}

test('connections, records that are sent, delivered and acknowledged, and a consumer that is fenced', async () => {
  using listener = new Listener();
  await withClient(2, async (client, cluster) => {
    cluster.createTopic('t', 1);
    const producer = client.producer('t');
    await producer.sendBatch([{ value: 'a' }, { value: 'b' }]);
    const [sent] = listener.of('callboard:send');
    assert.equal(
      [sent?.topic, sent?.partition, sent?.records, sent?.offset, sent?.error],
      ['t', 0, 2, 0, undefined],
    );
    assert.ok((sent?.bytes ?? 0) > 96 && (sent?.durationMs ?? -1) >= 0);

    // Either may be asked: the leader, or the node that calls go through.
    const refuse = failing('produce', failure('partition_quarantined'), 1);
    for (const node of cluster.nodes) node.hook = refuse;
    const error = await rejected(producer.send({ value: 'c' }));
    assert.is(listener.of('callboard:send').at(-1)?.error, error);
    assert.is(listener.of('callboard:send').at(-1)?.offset, undefined);

    const consumer = client.consumer('t', { id: 'c' });
    for await (const record of consumer) {
      await record.ack();
      if (record.offset === 1) break;
    }
    assert.equal(
      listener.of('callboard:deliver').map((event) => ({ ...event, bytes: event.bytes > 96 })),
      [{ topic: 't', partition: 0, consumer: 'c', offset: 0, records: 2, bytes: true, end: 2 }],
    );
    assert.equal(
      listener.of('callboard:ack').map(({ cursor }) => cursor),
      [1, 2],
    );
    assert.equal(listener.of('callboard:ack')[0], { topic: 't', partition: 0, consumer: 'c', cursor: 1 });
    const reader = client.consumer('t', { from: { offset: 1 } });
    for await (const _ of reader) break;
    const { offset, records, consumer: none } = listener.of('callboard:deliver').at(-1) ?? {};
    assert.equal([offset, records, none], [1, 1, undefined]);

    const newer = client.consumer('t', { id: 'c' });
    await eventually('the newer one reads', () => newer.lag().size === 1);
    await fill(client, 't', 0, 1);
    assert.is((await rejected(consumer.run(() => undefined))).code, 'fenced');
    assert.equal(listener.of('callboard:fence'), [{ topic: 't', consumer: 'c' }]);

    const connected = listener.of('callboard:connect');
    assert.ok(connected.some(({ url, node }) => cluster.urls.includes(url) && node.startsWith('fake-')));
    cluster.node(0).stop();
    cluster.node(1).stop();
    await eventually('it is lost', () => listener.of('callboard:reconnect').length > 0);
    const { url, attempt, reason } = listener.of('callboard:reconnect')[0] ?? {};
    assert.ok(cluster.urls.includes(url ?? ''));
    assert.is(attempt, 1);
    assert.type(reason, 'string');
  });
});

test('the page names every channel and every field of it', () => {
  const page = readFileSync(join(findRepoRoot(import.meta.url), 'docs/client.md'), 'utf8');
  const fields: Readonly<Record<Name, readonly string[]>> = {
    'callboard:connect': ['url', 'node'],
    'callboard:reconnect': ['url', 'attempt', 'reason'],
    'callboard:send': ['topic', 'partition', 'records', 'bytes', 'durationMs', 'offset', 'error'],
    'callboard:ack': ['topic', 'partition', 'consumer', 'cursor'],
    'callboard:deliver': ['topic', 'partition', 'consumer', 'offset', 'records', 'bytes', 'end'],
    'callboard:fence': ['topic', 'consumer'],
  };
  for (const name of names) {
    const row = new RegExp(`^\\| \`${name}\` \\|([^|]*)\\|`, 'm').exec(page)?.[1] ?? '';
    assert.equal(
      [...row.matchAll(/`(\w+)`/g)].map(([, field]) => field),
      fields[name],
      name,
    );
  }
});

test.run();
