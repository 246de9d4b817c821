// timeout: 120 s
/** A whole node on a real disk, one of whose partitions meets an entry that its machine cannot apply. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect } from '@callboard/client';
import { startBroker } from '../../src/index.ts';
import { PartitionMachine } from '../../src/partition/index.ts';
import { Api } from '../lib/api.ts';
import { eventually } from '../lib/eventually.ts';
import { makeTempDir } from '../lib/temp-dir.ts';

const test = suite('quarantine');
const { apply } = PartitionMachine.prototype;

/** From now on no machine of this process applies an entry with this text. */
function poison(text: string): void {
  PartitionMachine.prototype.apply = function poisoned(this: PartitionMachine, index, chunk) {
    if (Buffer.from(chunk).includes(text)) throw new Error(`a machine cannot apply entry ${String(index)}`);
    return apply.call(this, index, chunk);
  };
}

test.after.each(() => {
  PartitionMachine.prototype.apply = apply;
});

test('the partition goes out of service by name, the node and its other partitions serve on, and a mended start has all of it', async () => {
  const dataDir = makeTempDir();
  const failures: Error[] = [];
  const broker = await startBroker({ dataDir, onFailure: (error) => failures.push(error) });
  const api = new Api(broker.httpUrl);
  await api.createTopic('well', 1);
  await api.createTopic('sick', 2);
  const sick = { topic: 'sick', producer: await api.registerProducer('sick'), partition: 1 };
  const well = { topic: 'well', producer: await api.registerProducer('well') };
  const consumer = await api.registerConsumer('sick');
  await api.produce({ ...sick, message: 'before' });
  poison('of no use');
  const doubtful = await api.tryProduce({ ...sick, message: 'of no use' });
  assert.is(doubtful.body['outcome'], 'unknown');
  const [line] = await eventually('the partition is in quarantine', async () => {
    await api.produce({ ...well, message: 'meanwhile' });
    const { quarantined } = await api.expect('GET', '/status');
    const lines = quarantined as readonly Record<string, unknown>[];
    return lines.length > 0 && lines;
  });
  assert.ok(line);
  const { topic, partition, error, since } = line;
  assert.equal([topic, partition], ['sick', 1]);
  assert.match(String(error), /a machine cannot apply entry \d+/);
  assert.ok(Math.abs(Date.now() - Date.parse(String(since))) < 3_600_000);

  const refusals = [
    await api.tryProduce({ ...sick, message: 'after' }),
    await api.call('GET', '/consumer/consume', { topic: 'sick', consumer_id: consumer, partition_index: 1 }),
    await api.call('GET', '/size', { topic: 'sick', consumer_id: consumer, partition_index: 1 }),
  ];
  for (const { body } of refusals) {
    assert.equal(
      [body['code'], body['outcome']],
      ['partition_quarantined', 'not_applied'],
      JSON.stringify(body),
    );
  }
  await api.produce({ ...sick, partition: 0, message: 'beside' });
  const client = await connect(broker.url);
  const refused = await client
    .producer('sick')
    .send({ value: 'x', partition: 1 })
    .then(
      () => 'stored',
      (reason: unknown) => (reason as { code: string }).code,
    );
  assert.is(refused, 'partition_quarantined');
  await client.close();
  assert.ok(await api.isReady());
  assert.equal(failures, []);
  await api.close();
  await broker.close();

  PartitionMachine.prototype.apply = apply;
  await using mended = await startBroker({ dataDir });
  const again = new Api(mended.httpUrl);
  assert.equal((await again.expect('GET', '/status'))['quarantined'], []);
  const taken: string[] = [];
  for (let n = 0; n < 2; n += 1) {
    const record = await again.consume({ topic: 'sick', consumer, partition: 1 });
    if (record.kind === 'record') taken.push(record.message);
  }
  assert.equal(taken, ['before', 'of no use']);
  await again.close();
});

test.run();
