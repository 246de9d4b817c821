// What comes from another node for a partition that is not taken here is refused by name, not left to a deadline.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { offset } from '@callboard/client/protocol';
import { refTo, type Envelope } from '../../src/kernel/index.ts';
import { deliver } from '../../src/node/deliver.ts';
import { newKit } from '../kernel/kit.ts';

interface Answer {
  readonly kind: string;
  readonly id: number;
  readonly error: { readonly code: string; readonly outcome: string };
}

function refused(message: object, full = false): Envelope[] {
  const { system, sent } = newKit();
  const to = refTo<object>('n1', 'partition/7');
  if (full) {
    system.spawn<object>(to.id, () => ({ receive: () => undefined }), { dataCapacity: 1 });
    system.send(to, { kind: 'first' });
  }
  deliver(system, { from: refTo('n2', 'gateway'), to, lane: 'data', message });
  return sent;
}

const head = { id: 5, replyTo: refTo('n2', 'gateway') };

test('a request for a replica that is not here is answered with not_leader', () => {
  for (const kind of ['produce', 'consume', 'size', 'fetch', 'locate', 'lead']) {
    const [answer, ...more] = refused({ ...head, kind, offset: offset(0) });
    assert.is(more.length, 0);
    assert.is(answer?.to.id, 'gateway');
    const { kind: how, id, error } = answer?.message as Answer;
    assert.equal(
      [how, id, error.code, error.outcome],
      ['partition-failed', 5, 'not_leader', 'not_applied'],
      kind,
    );
  }
});

test('a subscription there is ended; its close needs no answer, and neither does consensus', () => {
  for (const kind of ['push-open', 'push-pull', 'push-ack']) {
    const { kind: how, error } = refused({ ...head, kind })[0]?.message as Answer;
    assert.equal([how, error.code], ['push-ended', 'not_leader'], kind);
  }
  for (const kind of ['push-close', 'group-raft', 'group-incarnation']) {
    assert.equal(refused({ ...head, kind }), [], kind);
  }
});

test('a request that finds the mailbox full is answered with overloaded', () => {
  const { error } = refused({ ...head, kind: 'produce' }, true)[0]?.message as Answer;
  assert.is(error.code, 'overloaded');
});

test.run();
