// Barriers and changes, each alone: what a whole cluster hides by being robust.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Barriers } from '../../../src/actors/manager/barriers.ts';
import { Changes } from '../../../src/actors/manager/changes.ts';
import { diskSpent, notPrimary } from '../../../src/actors/manager/errors.ts';
import type { DirectoryAnswer, PrimaryAnswer } from '../../../src/actors/manager/messages.ts';
import type { DirectoryCommand, DirectoryResult } from '../../../src/directory/index.ts';
import { refTo, type Ref } from '../../../src/kernel/index.ts';
import { defaultLimits } from '@callboard/client/protocol';
import { FakeContext, FakeView, outcome } from './rig.ts';

const asker: Ref<DirectoryAnswer> = refTo('n1', 'asker');
const create: DirectoryCommand = { kind: 'create-topic', name: 't', partitions: 1 };
const made: DirectoryResult = { ok: true, partitions: 1 };

function counter(): () => number {
  let last = 0;
  return () => (last += 1);
}

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

/** Two tries; the second is answered so, the first not at all. */
function secondTryOnly(command: DirectoryCommand, answer: Partial<PrimaryAnswer>): string[] {
  const rig = newChanges();
  rig.ask(command);
  rig.pass(1_000);
  const id = rig.tries().at(-1)?.id ?? 0;
  rig.answer(id, answer);
  return rig.fake.take('directory-answer').map((sent) => {
    const result = sent.message['result'] as DirectoryResult | undefined;
    return result?.ok === false ? `${result.error.code} ${result.error.outcome}` : outcome(sent);
  });
}

changes('S2: a refusal that ends a call speaks of its try only: another one may yet be carried out', () => {
  assert.equal(secondTryOnly(create, { error: diskSpent() }), ['low_disk_space unknown']);
});

changes(
  'S2: what the directory refuses under a tag is refused for all tries, without one for that try only',
  () => {
    const result: DirectoryResult = { ok: false, error: { ...notPrimary(), code: 'topic_not_found' } };
    const tagged: DirectoryCommand = { kind: 'remove-topic', name: 't' };
    assert.equal(secondTryOnly(tagged, { result }), ['topic_not_found not_applied']);
    const untagged: DirectoryCommand = { kind: 'register-producer', id: '00'.repeat(16), topic: 't' };
    assert.equal(secondTryOnly(untagged, { result }), ['topic_not_found unknown']);
  },
);

changes('say so where the topic was removed before it was ready', () => {
  const exists: DirectoryResult = { ok: false, error: { ...notPrimary(), code: 'topic_exists' } };
  const outcomes = [made, exists].map((result) => {
    const { part, view, ask, tries, answer, fake } = newChanges();
    view.creating.add('t');
    ask();
    answer(tries()[0]!.id, { index: 0, result });
    view.creating.delete('t');
    view.gone.add('t');
    part.settle();
    const [sent] = fake.take('directory-answer');
    const told = sent?.message['result'] as DirectoryResult;
    return told.ok ? 'ok' : `${told.error.code} ${told.error.outcome}`;
  });
  assert.equal(outcomes, ['topic_deleting unknown', 'topic_deleting not_applied']);
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
