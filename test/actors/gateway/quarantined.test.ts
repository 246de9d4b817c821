// Partitions whose replicas are in quarantine: one is passed over, a majority ends the call at once.
import { offset } from '@callboard/client/protocol';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chunkOf, Rig } from './rig.ts';

const code = 'partition_quarantined';

test('one of three replicas in quarantine is passed over at once, and another serves', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('a', 0);
  const first = rig.one();
  rig.refuse(first, code);
  const second = rig.one();
  assert.is.not(second.node, first.node);
  assert.is(second.atMs, first.atMs);
  rig.stored(second, 3);
  assert.is(rig.verdict(call), 'ok');
});

test('without a leader among the others the call goes round, and the one in quarantine does not end it', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('a', 0);
  const first = rig.one();
  rig.refuse(first, code);
  for (let n = 0; n < 6; n += 1) {
    const sent = rig.nextSent();
    rig.refuse(sent, sent.node === first.node ? code : 'not_leader');
  }
  assert.is(rig.verdict(call), 'open');
  let sent = rig.nextSent();
  for (; sent.node === first.node; sent = rig.nextSent()) rig.refuse(sent, code);
  rig.stored(sent, 3);
  assert.is(rig.verdict(call), 'ok');
});

test('a majority in quarantine ends every kind of call at once, and the error names the nodes', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const asks = [(): number => rig.produce('a', 0), () => rig.consume(0), () => rig.size(0)];
  for (const ask of asks) {
    const call = ask();
    const beganMs = rig.clock.now();
    const first = rig.one();
    rig.refuse(first, code);
    const other = rig.one();
    rig.refuse(other, code);
    assert.is(rig.verdict(call), `${code} not_applied`);
    assert.is(rig.clock.now(), beganMs);
    assert.equal(rig.sent(), []);
    const message = rig.answers.get(call)?.error?.message ?? '';
    assert.ok(message.includes(first.node) && message.includes(other.node), message);
  }
});

test('the third replica is not needed for the verdict, whatever it says', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('a', 0);
  rig.refuse(rig.one(), 'not_leader');
  rig.refuse(rig.nextSent(), code);
  rig.refuse(rig.nextSent(), code);
  assert.is(rig.verdict(call), `${code} not_applied`);
});

test('a record that may be stored already stays in doubt, and the next one has numbers of its own', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('a', 0);
  rig.refuse(rig.one(), 'no_quorum');
  rig.refuse(rig.nextSent(), code);
  rig.refuse(rig.nextSent(), code);
  assert.is(rig.verdict(call), `${code} unknown`);
  rig.produce('b', 0);
  assert.is(chunkOf(rig.one()).producerEpoch, 1);
});

test('records that wait behind it are told at once as well, and later ones are asked for anew', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const calls = [rig.produce('a', 0), rig.produce('b', 0), rig.produce('c', 0)];
  for (let n = 0; n < 4 && rig.verdict(calls[2] as number) === 'open'; n += 1) {
    for (const sent of rig.sent()) rig.refuse(sent, code);
  }
  assert.equal(
    calls.map((call) => rig.verdict(call)),
    calls.map(() => `${code} not_applied`),
  );
  const later = rig.produce('d', 0);
  rig.stored(rig.one(), 0);
  assert.is(rig.verdict(later), 'ok');
});

test('a consume over all partitions serves from the others', () => {
  const rig = new Rig();
  const nodes = ['n1', 'n2', 'n3'];
  rig.withTopic('t', [nodes, nodes]);
  const call = rig.consume();
  for (let n = 0; n < 2; n += 1) {
    const sent = rig.one();
    assert.is(sent.group, 1);
    rig.refuse(sent, code);
  }
  const { message, ...sent } = rig.one();
  assert.is(sent.group, 2);
  const taken = { kind: 'consumed', id: message.id, offset: offset(0), value: new Uint8Array(1) } as const;
  rig.reply({ ...sent, message }, taken);
  assert.is(rig.verdict(call), 'ok');
});

test.run();
