// What the leader of group 0 says of each proposal, against a group that does what it is told.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PrimaryChange } from '../../../src/actors/manager/messages.ts';
import { Primary, type PrimaryOptions } from '../../../src/actors/manager/primary.ts';
import { decodeEntry, type DirectoryCommand, type DirectoryResult } from '../../../src/directory/index.ts';
import { chunkHeaderBytes, logIndex } from '@callboard/client/protocol';
import { crc32 } from '../../storage/kit.ts';
import { id } from '../../directory/machines.ts';
import { FakeContext, FakeDriver, outcome } from './rig.ts';

const create: DirectoryCommand = { kind: 'create-topic', name: 't', partitions: 1 };
const made: DirectoryResult = { ok: true, partitions: 1 };

const primary = suite('the primary');

function change(number: number, command: DirectoryCommand = create, tag: string = id(1)): PrimaryChange {
  return { kind: 'primary-change', id: number, fromNode: 'n2', tag, command, deadlineMs: 1_000 };
}

function newPrimary(options: Partial<PrimaryOptions> = {}): {
  fake: FakeContext;
  driver: FakeDriver;
  part: Primary;
} {
  const [fake, driver] = [new FakeContext(), new FakeDriver()];
  return { fake, driver, part: new Primary(fake.context, driver, crc32, { most: 10, ...options }) };
}

primary(
  'on a disk that is nearly full refuses by name what makes the directory grow, and goes on with the rest',
  () => {
    const { fake, driver, part } = newPrimary({ noReserve: () => true });
    const growing: readonly DirectoryCommand[] = [
      create,
      { kind: 'create-memory-topic', name: 't', partitions: 1 },
      { kind: 'register-producer', id: id(1), topic: 't' },
      { kind: 'register-consumer', id: id(1), topic: 't' },
      { kind: 'open-consumer', id: 'c', topic: 't' },
      { kind: 'open-session', id: 'c', topic: 't', opener: id(1) },
    ];
    for (const [at, command] of growing.entries()) part.change(change(at, command, ''));
    assert.equal(
      fake.take('primary-answer').map(outcome),
      growing.map(() => 'low_disk_space not_applied'),
    );
    assert.is(driver.bodies.length, 0);
    part.change(change(9, { kind: 'remove-topic', name: 't' }, id(9)));
    part.want('alive', { kind: 'set-alive', broker: 'b1', alive: false });
    assert.is(driver.bodies.length, 2);
  },
);

primary('answers all tries of one change with one entry', () => {
  const { fake, driver, part } = newPrimary();
  part.change(change(1));
  part.change(change(2));
  assert.is(driver.bodies.length, 1);
  part.applied(11, 3, made);
  const answers = fake
    .take('primary-answer')
    .map(({ message }) => [message['id'], message['index'], message['result']]);
  assert.equal(answers, [
    [1, 11, made],
    [2, 11, made],
  ]);
  part.change(change(3));
  assert.is(driver.bodies.length, 2);
});

primary('knows what became of an earlier try, whatever would refuse this one', () => {
  const decided = (tag: string) => (tag === id(1) ? { index: 9, result: made } : undefined);
  const { fake, driver, part } = newPrimary({ most: 0, noReserve: () => true, decided });
  part.change(change(1));
  part.change(change(2, create, id(2)));
  const [first, second] = fake.take('primary-answer');
  assert.equal([first?.message['index'], first?.message['result']], [9, made]);
  assert.is(second && outcome(second), 'overloaded not_applied');
  assert.is(driver.bodies.length, 0);
  driver.isReady = false;
  part.change(change(3));
  // It may not have applied everything that is decided.
  assert.equal(fake.take('primary-answer').map(outcome), ['not_leader not_applied']);
});

primary('puts the tag of whatever answers differently the second time into the log', () => {
  const { driver, part } = newPrimary();
  const tagged: readonly DirectoryCommand[] = [
    create,
    { kind: 'create-memory-topic', name: 't', partitions: 1 },
    { kind: 'remove-topic', name: 't' },
    { kind: 'admin', action: 'add', broker: 'b' },
  ];
  const untagged: DirectoryCommand = { kind: 'register-producer', id: id(9), topic: 't' };
  for (const [at, command] of [...tagged, untagged].entries()) part.change(change(at, command, id(at + 1)));
  const tags = driver.bodies.map((draft) => {
    const decoded = decodeEntry(draft.subarray(chunkHeaderBytes));
    return decoded.ok ? decoded.entry.tag : decoded.detail;
  });
  assert.equal(tags, [id(1), id(2), id(3), id(4), '']);
});

primary('says that a change was not made when another entry stands in its place', () => {
  const { fake, part } = newPrimary();
  part.change(change(1));
  part.applied(11, 4, made);
  assert.equal(fake.take('primary-answer').map(outcome), ['not_leader not_applied']);
  assert.is(part.pending, 0);
});

primary(
  'says at once that it does not know what becomes of its open changes, when its leadership ends',
  () => {
    const { fake, driver, part } = newPrimary();
    part.change(change(1, create, id(1)));
    part.change(change(2, create, id(2)));
    part.change(change(3, create, id(2)));
    part.applied(11, 3, made);
    assert.equal(fake.take('primary-answer').map(outcome), ['ok']);
    driver.isReady = false;
    part.abandon();
    const answers = fake.take('primary-answer');
    assert.equal(
      answers.map(({ message }) => message['id']),
      [2, 3],
    );
    assert.equal(answers.map(outcome), ['not_leader unknown', 'not_leader unknown']);
    assert.is(part.pending, 0);
    part.change(change(4, create, id(2)));
    assert.equal(fake.take('primary-answer').map(outcome), ['not_leader not_applied'], 'never appended');
    part.applied(12, 3, made);
    assert.equal(fake.take('primary-answer'), [], 'everybody was answered');
  },
);

primary('refuses more than its bound, what consensus refuses, and what cannot be written', () => {
  const { fake, driver, part } = newPrimary({ most: 1 });
  driver.refused = 'uncommitted-full';
  part.change(change(1));
  driver.refused = 'transferring';
  part.change(change(2));
  driver.refused = undefined;
  part.change(change(3, { kind: 'create-topic', name: '\ud800', partitions: 1 }));
  part.change(change(4));
  part.change(change(5, create, id(2)));
  assert.equal(fake.take('primary-answer').map(outcome), [
    'overloaded not_applied',
    'not_leader not_applied',
    'bad_request not_applied',
    'overloaded not_applied',
  ]);
});

primary('wants nothing twice at a time, and nothing while it is not ready', () => {
  const { driver, part } = newPrimary();
  const ready: DirectoryCommand = { kind: 'topic-ready', name: 't' };
  part.want('ready t', ready);
  part.want('ready t', ready);
  assert.is(driver.bodies.length, 1);
  part.abandon();
  part.want('ready t', ready);
  assert.is(driver.bodies.length, 2);
  driver.isReady = false;
  part.want('ready u', { kind: 'topic-ready', name: 'u' });
  assert.is(driver.bodies.length, 2);
});

primary('passes on what a read came to', () => {
  const { fake, driver, part } = newPrimary();
  for (const number of [1, 2]) part.read({ kind: 'primary-read', id: number, fromNode: 'n3' });
  driver.reads[0]!(logIndex(9));
  driver.reads[1]!(undefined);
  const answers = fake.take('primary-answer');
  assert.equal(
    answers.map(({ to, message }) => [to, message['index']]),
    [
      ['n3/manager', 9],
      ['n3/manager', 0],
    ],
  );
  assert.equal(answers.map(outcome), ['ok', 'not_leader not_applied']);
});

primary.run();
