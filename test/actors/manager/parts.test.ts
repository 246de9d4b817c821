// The parts of a manager, each alone against stand-ins: what a whole cluster hides by being robust.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Barriers } from '../../../src/actors/manager/barriers.ts';
import { Changes } from '../../../src/actors/manager/changes.ts';
import type { DirectoryAnswer, PrimaryAnswer, PrimaryChange } from '../../../src/actors/manager/messages.ts';
import { notPrimary } from '../../../src/actors/manager/errors.ts';
import { Primary } from '../../../src/actors/manager/primary.ts';
import { Replicas } from '../../../src/actors/manager/replicas.ts';
import { Subscribers } from '../../../src/actors/manager/subscribers.ts';
import type { DirectoryCommand, DirectoryResult, Topic } from '../../../src/directory/index.ts';
import { refTo, type Ref } from '../../../src/kernel/index.ts';
import type { Birth } from '../../../src/raft/index.ts';
import { defaultLimits, groupId, logIndex, replicaId, type CallError } from '@callboard/client/protocol';
import { crc32 } from '../../storage/kit.ts';
import { id } from '../../directory/machines.ts';
import { FakeContext, FakeDriver, FakeView, type Sent } from './rig.ts';

const asker: Ref<DirectoryAnswer> = refTo('n1', 'asker');
const create: DirectoryCommand = { kind: 'create-topic', name: 't', partitions: 1 };
const made: DirectoryResult = { ok: true, partitions: 1 };

function outcome({ message }: Sent): string {
  const error = message['error'] as CallError | undefined;
  return error === undefined ? 'ok' : `${error.code} ${error.outcome}`;
}

function counter(): () => number {
  let last = 0;
  return () => (last += 1);
}

const primary = suite('the primary');

function change(number: number, command: DirectoryCommand = create, tag: string = id(1)): PrimaryChange {
  return { kind: 'primary-change', id: number, fromNode: 'n2', tag, command, deadlineMs: 1_000 };
}

function newPrimary(most = 10): { fake: FakeContext; driver: FakeDriver; part: Primary } {
  const [fake, driver] = [new FakeContext(), new FakeDriver()];
  return { fake, driver, part: new Primary(fake.context, driver, crc32, most) };
}

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

primary('says that a change was not made when another entry stands in its place', () => {
  const { fake, part } = newPrimary();
  part.change(change(1));
  part.applied(11, 4, made);
  assert.equal(fake.take('primary-answer').map(outcome), ['not_leader not_applied']);
  assert.is(part.pending, 0);
});

primary('says so at once when it learns of the loss, and only of what was lost', () => {
  const { fake, part } = newPrimary();
  part.change(change(1, create, id(1)));
  part.change(change(2, create, id(2)));
  part.lost(12);
  const answers = fake.take('primary-answer');
  assert.equal(
    answers.map(({ message }) => message['id']),
    [2],
  );
  assert.equal(answers.map(outcome), ['not_leader not_applied']);
  part.applied(11, 3, made);
  assert.equal(fake.take('primary-answer').map(outcome), ['ok']);
});

primary('says nothing of a change whose fate it does not know', () => {
  const { fake, driver, part } = newPrimary();
  part.change(change(1));
  driver.isReady = false;
  part.change(change(2, create, id(2)));
  assert.equal(
    fake.take('primary-answer').map(({ message }) => message['id']),
    [2],
  );
  assert.is(part.pending, 1);
});

primary('refuses more than its bound, what consensus refuses, and what cannot be written', () => {
  const { fake, driver, part } = newPrimary(1);
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
  part.lost(11);
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

const barriers = suite('barriers alone');

interface BarrierRig {
  readonly fake: FakeContext;
  readonly view: FakeView;
  readonly part: Barriers;
  ask(number: number): void;
  /** Number of the round that was asked for last. */
  round(): number;
  confirm(round: number, index: number): void;
  answered(): unknown[];
}

function newBarriers(): BarrierRig {
  const [fake, view] = [new FakeContext(), new FakeView()];
  const part = new Barriers(fake.context, view, defaultLimits, counter());
  return {
    fake,
    view,
    part,
    ask: (number) => part.ask({ kind: 'directory-barrier', id: number, replyTo: asker, deadlineMs: 5_000 }),
    round: () => Number(fake.take('primary-read').at(-1)?.message['id'] ?? 0),
    confirm: (round, index) => {
      part.answered({ kind: 'primary-answer', id: round, index, result: undefined, error: undefined });
      part.settle();
    },
    answered: () => fake.take('directory-answer').map(({ message }) => message['id']),
  };
}

barriers('take no confirmation of an earlier round', () => {
  const { fake, part, ask, round, confirm, answered, view } = newBarriers();
  ask(1);
  const first = round();
  ask(2);
  assert.is(round(), 0);
  fake.nowMs += 200;
  part.tick(fake.nowMs);
  const second = round();
  assert.ok(second > first);
  confirm(first, 0);
  assert.equal(answered(), []);
  confirm(second, 5);
  assert.equal(answered(), []);
  view.index = 5;
  part.settle();
  assert.equal(answered(), [1, 2]);
});

barriers('keep to the order in which they were asked over a refused round', () => {
  const { fake, part, ask, round, confirm, answered } = newBarriers();
  ask(1);
  const first = round();
  ask(2);
  part.answered({ kind: 'primary-answer', id: first, index: 0, result: undefined, error: notPrimary() });
  fake.nowMs += 200;
  part.tick(fake.nowMs);
  confirm(round(), 0);
  assert.equal(answered(), [1, 2]);
  assert.is(part.size, 0);
});

barriers('ask a new leader at once', () => {
  const { part, view, ask, round, confirm, answered } = newBarriers();
  view.leader = undefined;
  ask(1);
  assert.is(round(), 0);
  part.leaderChanged();
  assert.is(round(), 0);
  view.leader = 'n3';
  part.leaderChanged();
  confirm(round(), 0);
  assert.equal(answered(), [1]);
});

barriers('end at their deadline wherever they wait', () => {
  const { fake, part, ask, round, confirm } = newBarriers();
  ask(1);
  confirm(round(), 7);
  ask(2);
  ask(3);
  fake.take('');
  fake.nowMs += 5_000;
  part.tick(fake.nowMs);
  assert.equal(fake.take('directory-answer').map(outcome), Array(3).fill('timeout not_applied'));
  assert.is(part.size, 0);
});

barriers.run();

const changes = suite('changes alone');

interface ChangeRig {
  readonly fake: FakeContext;
  readonly view: FakeView;
  readonly part: Changes;
  ask(command?: DirectoryCommand): void;
  /** The tries that were sent since the last look. */
  tries(): { readonly to: string; readonly id: number; readonly tag: string }[];
  answer(number: number, answer: Partial<PrimaryAnswer>): void;
  pass(ms: number): void;
  outcomes(): string[];
}

function newChanges(): ChangeRig {
  const [fake, view] = [new FakeContext(), new FakeView()];
  const part = new Changes(fake.context, view, defaultLimits, counter());
  const pass = (ms: number): void => {
    fake.nowMs += ms;
    part.tick(fake.nowMs);
  };
  return {
    fake,
    view,
    part,
    pass,
    ask: (command = create) =>
      part.ask({ kind: 'directory-change', id: 1, replyTo: asker, command, deadlineMs: 5_000 }),
    tries: () =>
      fake.take('primary-change').map(({ to, message }) => ({
        to,
        id: Number(message['id']),
        tag: String(message['tag']),
      })),
    answer: (number, answer) => {
      part.answered({
        kind: 'primary-answer',
        id: number,
        index: 0,
        result: undefined,
        error: undefined,
        ...answer,
      });
      part.settle();
    },
    outcomes: () => fake.take('directory-answer').map(outcome),
  };
}

changes('were not made if every try was refused', () => {
  const { ask, tries, answer, pass, outcomes } = newChanges();
  ask();
  for (let n = 0; n < 3; n += 1) {
    for (const one of tries()) answer(one.id, { error: notPrimary() });
    pass(1_000);
  }
  for (const one of tries()) answer(one.id, { error: notPrimary() });
  pass(5_000);
  assert.equal(outcomes(), ['timeout not_applied']);
});

changes('may have been made if one of the tries is unanswered, whatever became of the others', () => {
  const { ask, tries, answer, pass, outcomes, view } = newChanges();
  ask();
  const [first] = tries();
  pass(1_000);
  const [second] = tries();
  assert.is(second!.tag, first!.tag);
  assert.is.not(second!.id, first!.id);
  answer(second!.id, { error: notPrimary() });
  view.leader = undefined;
  pass(5_000);
  assert.equal(outcomes(), ['no_quorum unknown']);
});

changes('take the answer to any try', () => {
  const { ask, tries, answer, pass, outcomes, view } = newChanges();
  ask();
  const [first] = tries();
  pass(1_000);
  tries();
  answer(first!.id, { index: 4, result: made });
  assert.equal(outcomes(), []);
  view.index = 4;
  answer(99, {});
  assert.equal(outcomes(), ['ok']);
});

changes('ask a new leader at once, under the same tag', () => {
  const { part, ask, tries, view } = newChanges();
  ask();
  const [first] = tries();
  view.leader = 'n3';
  part.leaderChanged();
  const [second] = tries();
  assert.equal([second?.to, second?.tag], ['n3/manager', first!.tag]);
});

changes('are tried again after a pause when nothing could be sent', () => {
  const { fake, ask, tries, pass } = newChanges();
  fake.answer = 'full';
  ask();
  fake.answer = 'accepted';
  assert.equal(tries(), []);
  pass(defaultLimits.managerRetryMs);
  assert.is(tries().length, 1);
});

changes('wait for a topic that is being created, and answer each creator as the directory did', () => {
  const { part, view, ask, tries, answer, fake } = newChanges();
  view.creating.add('t');
  ask();
  const exists: DirectoryResult = { ok: false, error: { ...notPrimary(), code: 'topic_exists' } };
  answer(tries()[0]!.id, { index: 0, result: exists });
  assert.equal(fake.take('directory-answer'), []);
  view.creating.delete('t');
  part.settle();
  assert.equal(
    fake.take('directory-answer').map(({ message }) => message['result']),
    [exists],
  );
});

changes('of an admin wait for the others, and repeat the question to those that are silent', () => {
  const { part, view, ask, tries, answer, fake, pass } = newChanges();
  ask({ kind: 'admin', action: 'remove', broker: 'b' });
  view.index = 8;
  answer(tries()[0]!.id, { index: 7, result: made });
  const queries = fake.take('applied-query');
  assert.equal(
    queries.map(({ to, message }) => [to, message['index']]),
    [
      ['n2/manager', 8],
      ['n3/manager', 8],
    ],
  );
  const question = Number(queries[0]!.message['id']);
  part.heard({ kind: 'applied-answer', id: question, node: 'n2' });
  pass(defaultLimits.managerRetryMs);
  assert.equal(
    fake.take('applied-query').map(({ to }) => to),
    ['n3/manager'],
  );
  part.heard({ kind: 'applied-answer', id: question, node: 'n3' });
  assert.equal(fake.take('directory-answer').map(outcome), ['ok']);
  assert.is(part.size, 0);
});

changes.run();

const replicas = suite('replicas alone');

function topicOn(node: string, replica: string, groups: readonly number[]): Topic {
  const others = [
    { node: 'n8', replica: id(8) },
    { node: 'n9', replica: id(9) },
  ];
  const partitions = groups.map((group) => ({
    group: groupId(group),
    replicas: [{ node, replica }, ...others],
  }));
  return { name: 't', state: 'creating', partitions };
}

function newReplicas(births: readonly Birth[] = []): {
  fake: FakeContext;
  part: Replicas;
  spawned: string[];
} {
  const fake = new FakeContext();
  const spawned: string[] = [];
  const part = new Replicas(fake.context, {
    named: ['n1'],
    replica: replicaId(id(1)),
    startCount: 1,
    url: '',
    manual: false,
    limits: defaultLimits,
    crc32,
    founders: () => undefined,
    births: () => births,
    onClusterId: () => undefined,
    spawnReplica: (group, members, preferred) =>
      spawned.push(`${group} of ${members.length}${preferred ? ' preferred' : ''}`),
  });
  return { fake, part, spawned };
}

replicas('are born once, journaled before they run, one request at a time', () => {
  const { fake, part, spawned } = newReplicas();
  part.topic(topicOn('n1', id(1), [1, 2]));
  part.settle();
  part.topic(topicOn('n1', id(1), [1, 2, 3]));
  part.settle();
  const [request] = fake.take('log-birth');
  assert.equal(
    (request?.message['births'] as Birth[]).map((birth) => birth.group as number),
    [1, 2],
  );
  assert.equal(spawned, []);
  part.journaled([groupId(1), groupId(2)]);
  assert.equal(spawned, ['1 of 3 preferred', '2 of 3 preferred']);
  part.settle();
  part.journaled([groupId(3)]);
  part.topic(topicOn('n1', id(1), [1, 2, 3]));
  part.settle();
  assert.is(fake.take('log-birth').length, 1);
  assert.is(part.born, 3);
});

replicas('of an earlier journal of this node are listed and never born', () => {
  const { fake, part } = newReplicas();
  part.topic(topicOn('n1', id(7), [4]));
  part.topic(topicOn('n2', id(1), [5]));
  part.settle();
  assert.equal(fake.take('log-birth'), []);
  assert.equal(part.lost, [groupId(4)]);
});

replicas('that the journal knows are started at once, except group 0', () => {
  const members = JSON.stringify([{ replica: id(1), node: 'n1' }]);
  const birth = (group: number): Birth => ({ group: groupId(group), replica: replicaId(id(1)), members });
  const { part, spawned } = newReplicas([birth(0), birth(6)]);
  part.start();
  assert.equal(spawned, ['6 of 1']);
});

replicas('hand over only where an active broker can take over', () => {
  const { fake, part } = newReplicas();
  part.topic(topicOn('n1', id(1), [1]));
  part.handOver([groupId(1), groupId(2)], (node) => node === 'n9');
  assert.equal(
    fake.take('hand-over').map(({ to }) => to),
    ['n1/partition/1'],
  );
  part.handOver([groupId(1)], () => false);
  assert.equal(fake.take('hand-over'), []);
});

replicas.run();

const subscribers = suite('subscribers alone');

subscribers('are bounded, and one that comes again is told again and counted once', () => {
  const fake = new FakeContext();
  const part = new Subscribers(fake.context, 1);
  part.add(refTo('n1', 'one'), () => []);
  part.add(refTo('n1', 'one'), () => []);
  part.add(refTo('n1', 'two'), () => []);
  assert.equal(
    fake.take('directory-events').map(({ to }) => to),
    ['n1/one', 'n1/one'],
  );
  // The end of the first subscription does not end the second.
  part.gone(1);
  assert.is(part.size, 1);
  part.gone(2);
  assert.is(part.size, 0);
});

subscribers.run();
