// What the simulator wraps around actors must pass on everything that the kernel tells them, or it runs another program.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FragileActor, Fuse } from '../../sim/observe/fragile-actor.ts';
import { IndebtedActor } from '../../sim/observe/indebted-actor.ts';
import { SiteActor } from '../../sim/observe/raft-probe.ts';
import { failure } from '@callboard/client/protocol';
import type {
  PartitionAnswer,
  PartitionReplicaMessage,
} from '../../src/actors/partition-replica/messages.ts';
import { refTo, type Actor } from '../../src/kernel/index.ts';
import { newKit } from '../kernel/kit.ts';

const test = suite('sim/observed-actors');

test('a wrapped actor hears of its start, each message, the end of its turn, its end, and what came too late', () => {
  const heard: string[] = [];
  const inner: Actor<string> = {
    start: () => void heard.push('start'),
    receive: (message) => void heard.push(message),
    turnEnded: () => void heard.push('turn ended'),
    stopped: () => void heard.push('stopped'),
    undelivered: (message) => void heard.push(`undelivered ${message}`),
    inspect: () => ({ heard: heard.length }),
  };
  const kit = newKit();
  const fuse = new Fuse(() => undefined);
  const ref = kit.system.spawn<string>(
    'wrapped',
    () => new FragileActor(new IndebtedActor(new SiteActor(inner, 'n1', 1, 1), () => undefined), fuse),
  );
  kit.system.send(ref, 'a');
  kit.system.send(ref, 'b');
  kit.settle();
  assert.equal(heard, ['start', 'a', 'b', 'turn ended']);
  kit.system.send(ref, 'c');
  kit.system.stop(ref);
  assert.equal(heard.slice(-2), ['stopped', 'undelivered c']);
});

test('S2: a replica that ends owes nobody an answer, or it is reported', () => {
  const reports: string[] = [];
  const replyTo = refTo<PartitionAnswer>('n1', 'asker');
  const run = (pays: boolean): void => {
    const kit = newKit();
    const inner: Actor<PartitionReplicaMessage> = {
      receive: (message, context) => {
        if (message.kind === 'lead') context.send(replyTo, { kind: 'leads', id: message.id });
        if (message.kind === 'size' && pays) {
          const error = failure('not_leader', { outcome: 'not_applied' });
          const { id } = message;
          context.send(replyTo, { kind: 'partition-failed', id, error, leader: undefined });
        }
      },
    };
    const ref = kit.system.spawn<PartitionReplicaMessage>(
      'partition/1',
      () => new IndebtedActor(inner, (text) => reports.push(text)),
    );
    kit.system.send(ref, { kind: 'lead', id: 1, replyTo });
    kit.system.send(ref, { kind: 'size', id: 2, replyTo, consumer: 'c' });
    kit.settle();
    kit.system.stop(ref);
  };
  run(true);
  assert.equal(reports, []);
  run(false);
  assert.equal(reports, ['a replica ended with 1 requests open, a size among them']);
});

test('S2: what a replica answers unread, started or not, is owed no more', () => {
  const reports: string[] = [];
  const replyTo = refTo<PartitionAnswer>('n1', 'asker');
  for (const started of [true, false]) {
    const kit = newKit();
    const inner: Actor<PartitionReplicaMessage> = {
      receive: () => undefined,
      undelivered: (message, context) => {
        if (message.kind !== 'lead' || message.id !== 1) return;
        context.send(replyTo, { kind: 'leads', id: message.id });
      },
    };
    const ref = kit.system.spawn<PartitionReplicaMessage>(
      'partition/1',
      () => new IndebtedActor(inner, (text) => reports.push(text)),
    );
    if (started) kit.settle();
    kit.system.send(ref, { kind: 'lead', id: 1, replyTo });
    kit.system.send(ref, { kind: 'lead', id: 2, replyTo });
    kit.system.stop(ref);
  }
  const unpaid =
    'a replica ended before it received what waited for it with 1 requests open, a lead among them';
  assert.equal(reports, [unpaid, unpaid]);
});

test.run();
