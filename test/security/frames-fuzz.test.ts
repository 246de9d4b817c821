// timeout: 600 s
/**
 * A stranger's frames: mutations of sound ones, sent on live sockets after an honest hello. Whatever comes, a healthy client goes on, the node
 * does not fail, and each connection is answered or ended with a code.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { clientFrames, packFrame, type Offset } from '@callboard/client/protocol';
import { draftOf } from '../lib/chunks.ts';
import { full, repeats } from '../lib/effort.ts';
import { RawClient, type Call } from '../lib/raw-client.ts';
import { SplitMix } from '../protocol/random.ts';
import { wsFrame } from '../transport/raw-socket.ts';
import type { Attacker } from './lib/attacker.ts';
import { besides } from './lib/besides.ts';
import { onOwnTarget } from './lib/target.ts';

const most = repeats(3_000, 200_000);
const framesPerConnection = 20;
const lanesAtOnce = 10;
const seed = Number(process.env['FUZZ_SEED'] ?? (full ? Date.now() % 1_000_000 : 20_260_101));

const test = suite('security: mutated frames');
const target = onOwnTarget(test, { env: { CALLBOARD_LOG_LEVEL: 'error' } });

test.before(async () => {
  process.stdout.write(`frames fuzz seed ${seed}\n`);
  const client = await RawClient.connect(target().wire());
  await client.createTopic('orders', 2);
  await client.produce('orders', 0, draftOf(['first']));
  client.close();
});

const start = { at: 'earliest', value: 0 } as const;
const owner = { consumer: 'someone', session: 1 };
const credits = { creditRecords: 10, creditBytes: 10_000 };
const place = { topic: 'orders', partition: 0 };

/** One of each kind. */
const calls: readonly Call[] = [
  { kind: 'ping' },
  { kind: 'metadata', topics: ['orders', 'nothing'] },
  { kind: 'create-topic', topic: 'made-up', partitions: 1 },
  { kind: 'produce', ...place, acks: 'quorum', chunk: draftOf(['x', 'y'], { producerId: 'ab'.repeat(16) }) },
  { kind: 'fetch', ...place, offset: 0 as Offset, maxBytes: 1_000 },
  { kind: 'locate', ...place, position: { at: 'time', value: 1 } },
  { kind: 'open-consumer', topic: 'orders', consumer: 'someone' },
  { kind: 'subscribe', ...place, start, reset: false, ...credits },
  { kind: 'subscribe', ...place, owner, start, reset: true, ...credits },
  { kind: 'credit', records: 5, bytes: 100 },
  { kind: 'ack', subscription: 3, upTo: 1 as Offset },
  { kind: 'unsubscribe', subscription: 3 },
];

function mutated(random: SplitMix): Uint8Array {
  const call = calls[random.below(calls.length)] ?? { kind: 'ping' };
  const frame = clientFrames.encode({ ...call, correlation: 1 + random.below(20) });
  const bytes = packFrame(frame).slice();
  const changes = random.below(4);
  for (let n = 0; n < changes; n += 1) {
    const at = random.below(bytes.length);
    // Small numbers meet lengths, kinds and flags more often.
    bytes[at] = random.below(2) === 0 ? random.below(256) : ((bytes[at] ?? 0) + random.below(3) - 1) & 0xff;
  }
  const cut = random.below(10) === 0 ? random.below(bytes.length) : bytes.length;
  return bytes.subarray(0, cut);
}

async function attackOnce(attacker: Attacker, random: SplitMix, frames: number): Promise<void> {
  const one = await attacker.stranger();
  const sent = Array.from({ length: frames }, () => wsFrame(mutated(random)));
  // The last is sound: if the connection still stands, it is answered.
  const ping = wsFrame(packFrame(clientFrames.encode({ kind: 'ping', correlation: 999 })));
  void one.send(Buffer.concat([...sent, ping]));
  await one.settled();
  attacker.forget(one);
}

test('mutated frames on live sockets', async () => {
  await besides(target(), async (attacker) => {
    for (let sent = 0; sent < most; sent += lanesAtOnce * framesPerConnection) {
      const lanes = Array.from({ length: lanesAtOnce }, (_, n) => new SplitMix(seed + sent + n));
      await Promise.all(lanes.map((lane) => attackOnce(attacker, lane, framesPerConnection)));
    }
  });
  const { api } = target().cluster.node(0);
  const status = await api.expect('GET', '/status');
  const failed = (status['actors'] as readonly { readonly id: string; readonly restarts: number }[]).filter(
    ({ restarts }) => restarts > 0,
  );
  assert.equal(failed, [], 'no actor has failed');
});

test.run();
