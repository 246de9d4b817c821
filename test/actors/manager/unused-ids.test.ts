// Who is noted as used, who is forgotten, and whose cursors are dropped: the manager's part alone, over a real directory.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UnusedIds } from '../../../src/actors/manager/unused-ids.ts';
import type { DirectoryCommand, DirectoryMachine } from '../../../src/directory/index.ts';
import { groupId } from '@callboard/client/protocol';
import { machine, readyTopic } from '../../directory/machines.ts';
import { FakeContext } from './rig.ts';

const test = suite('unused ids');
const useHourMs = 1_000;

class Rig {
  readonly fake: FakeContext = new FakeContext();
  readonly directory: DirectoryMachine = machine();
  readonly commands: DirectoryCommand[] = [];
  readonly part: UnusedIds;
  isPrimary = true;
  /** What is proposed stays on its way. */
  holds = false;
  confirmed: boolean | undefined = true;
  #waiting: ((holds: boolean) => void)[] = [];

  constructor(days = 1) {
    readyTopic(this.directory, 't', 2);
    this.part = new UnusedIds({
      context: this.fake.context,
      limits: { useHourMs, usedIdsTogether: 3 },
      days,
      machine: () => this.directory,
      isPrimary: () => this.isPrimary,
      led: () => [groupId(1), groupId(2)],
      want: (_key, command) => this.#propose(command),
      ask: (command) => {
        this.#propose(command);
        return () => this.holds;
      },
      confirm: (then) => {
        if (this.confirmed === undefined) this.#waiting.push(then);
        else then(this.confirmed);
      },
    });
  }

  confirm(holds: boolean): void {
    for (const then of this.#waiting.splice(0)) then(holds);
  }

  register(...names: readonly string[]): this {
    for (const name of names) this.directory.apply({ kind: 'open-consumer', id: name, topic: 't' });
    return this;
  }

  hours(count: number): void {
    for (let n = 0; n < count; n += 1) {
      this.fake.nowMs += useHourMs;
      this.part.tick(this.fake.nowMs);
    }
  }

  inUse(...names: readonly string[]): void {
    const consumers = names.map((name) => ({ id: name, topic: 't' }));
    this.part.inUse({ kind: 'ids-in-use', producers: [], consumers });
    this.part.tick(this.fake.nowMs);
  }

  kinds(): string[] {
    return this.commands.splice(0).map(({ kind }) => kind);
  }

  has(name: string): boolean {
    return this.directory.hasConsumer({ id: name, topic: 't' });
  }

  #propose(command: DirectoryCommand): void {
    this.commands.push(command);
    if (!this.holds) this.directory.apply(command);
  }
}

test('a consumer that nobody uses is forgotten after its days, counted by whoever leads', () => {
  const rig = new Rig().register('a');
  rig.hours(24);
  assert.ok(rig.has('a'));
  rig.hours(2);
  assert.not(rig.has('a'));
  assert.ok(!rig.kinds().includes('ids-used'));
});

test('one that is in use is not, and costs a note twice a day', () => {
  const rig = new Rig().register('a');
  for (let hour = 0; hour < 100; hour += 1) {
    rig.hours(1);
    rig.inUse('a');
  }
  assert.ok(rig.has('a'));
  assert.is(rig.kinds().filter((kind) => kind === 'ids-used').length, 8);
});

test('only the primary counts hours, and however long it stood still it counts one', () => {
  const rig = new Rig();
  rig.isPrimary = false;
  rig.hours(50);
  assert.equal(rig.kinds(), []);
  rig.isPrimary = true;
  rig.part.tick(rig.fake.nowMs);
  rig.fake.nowMs += 1_000 * useHourMs;
  rig.part.tick(rig.fake.nowMs);
  assert.equal(rig.kinds(), ['use-hour']);
});

test('with 0 days nobody is ever forgotten', () => {
  const rig = new Rig(0).register('a');
  rig.hours(1_000);
  assert.equal(rig.kinds(), []);
  assert.ok(rig.has('a'));
});

test('many are forgotten a few at a time, until none is left', () => {
  const names = Array.from({ length: 8 }, (_, at) => `c${at}`);
  const rig = new Rig().register(...names);
  rig.hours(24);
  rig.kinds();
  rig.hours(1);
  for (let tick = 0; tick < 4; tick += 1) rig.part.tick(rig.fake.nowMs);
  assert.ok(names.every((name) => !rig.has(name)));
  assert.is(rig.kinds().filter((kind) => kind === 'forget-unused').length, 3);
});

test('a note on its way holds the next one back, and what finds no room is for another time', () => {
  const rig = new Rig().register('a', 'b', 'c', 'd');
  rig.hours(13);
  rig.kinds();
  rig.holds = true;
  rig.inUse('a');
  rig.inUse('b', 'c', 'd', 'a');
  assert.equal(rig.kinds(), ['ids-used']);
  rig.holds = false;
  rig.part.tick(rig.fake.nowMs);
  const [note] = rig.commands;
  assert.equal(note, {
    kind: 'ids-used',
    producers: [],
    consumers: ['b', 'c', 'd'].map((name) => ({ id: name, topic: 't' })),
  });
});

const cursor = (consumer: string) => ({ consumer, at: 7, admits: 1 });

test('leading replicas are asked for their cursors once an hour, page after page', () => {
  const rig = new Rig();
  rig.part.tick(rig.fake.nowMs);
  assert.equal(rig.fake.take('show-cursors'), []);
  rig.hours(1);
  const asked = rig.fake
    .take('show-cursors')
    .map(({ to, message }) => [to, message['topic'], message['from']]);
  assert.equal(asked, [
    ['n1/partition/1', 't', 0],
    ['n1/partition/2', 't', 0],
  ]);
  rig.part.held({ kind: 'cursors-held', group: groupId(1), topic: 't', cursors: [], next: 3 });
  rig.part.tick(rig.fake.nowMs);
  assert.equal(
    rig.fake.take('show-cursors').map(({ message }) => message['from']),
    [3],
  );
});

test('cursors of consumers that are gone are dropped when it is confirmed that they are, and no others', () => {
  const rig = new Rig().register('here');
  const held = () =>
    rig.part.held({
      kind: 'cursors-held',
      group: groupId(1),
      topic: 't',
      cursors: ['here', 'gone', 'late'].map(cursor),
      next: 0,
    });
  const dropped = () => rig.fake.take('forget-cursors').map(({ message }) => message['cursors']);
  rig.confirmed = undefined;
  held();
  rig.confirm(false);
  assert.equal(dropped(), []);
  held();
  // What this copy did not have yet comes before the confirmation.
  rig.register('late');
  rig.confirm(true);
  assert.equal(dropped(), [[cursor('gone')]]);
  held();
  rig.directory.apply({ kind: 'remove-topic', name: 't' });
  rig.confirm(true);
  assert.equal(dropped(), [], 'its group is no more');
});

test.run();
