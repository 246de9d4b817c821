import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Actor, Quarantine, Ref, RestartPolicy, SpawnOptions } from '../../src/kernel/index.ts';
import { StartCounts } from '../../src/kernel/starts.ts';
import { Supervision } from '../../src/kernel/supervision.ts';
import { newKit } from './kit.ts';
import type { Kit } from './kit.ts';

type Order = { readonly kind: 'throw' } | { readonly kind: 'note' };

const policy: RestartPolicy = { firstDelayMs: 100, maxDelayMs: 400, budget: 5, windowMs: 10_000 };

function fragile(events: string[]): () => Actor<Order> {
  let made = 0;
  return () => {
    made += 1;
    const name = made;
    return {
      start: (context) => events.push(`start ${name}/${context.incarnation}`),
      receive: (message) => {
        if (message.kind === 'throw') throw new Error(`broken ${name}`);
        events.push(`note ${name}`);
      },
      stopped: () => events.push(`stopped ${name}`),
    };
  };
}

function stateOf(kit: Kit, id = 'a'): string {
  return kit.system.inspect().find((info) => info.id === id)?.state ?? 'absent';
}

function spawnFragile(kit: Kit, events: string[], restart: SpawnOptions['restart'] = policy) {
  return kit.system.spawn('a', fragile(events), restart === undefined ? {} : { restart });
}

test('a throw ends the incarnation and a fresh one follows with an empty mailbox', () => {
  const kit = newKit();
  const events: string[] = [];
  const ref = spawnFragile(kit, events);
  kit.system.send(ref, { kind: 'throw' });
  kit.system.send(ref, { kind: 'note' });
  kit.settle();
  assert.equal(events, ['start 1/1', 'stopped 1']);
  assert.is(stateOf(kit), 'restarting');
  assert.is(kit.system.send(ref, { kind: 'note' }), 'gone');
  assert.is(kit.system.send(ref, { kind: 'note' }, 'control'), 'gone');
  assert.throws(() => kit.system.spawn('a', fragile([])), /taken/);
  kit.pass(90);
  assert.is(stateOf(kit), 'restarting');
  kit.pass(20);
  assert.is(stateOf(kit), 'running');
  kit.system.send(ref, { kind: 'note' });
  kit.settle();
  assert.equal(events, ['start 1/1', 'stopped 1', 'start 2/2', 'note 2']);
  const failure = kit.notes.find((note) => note.event === 'actor.failed');
  assert.is(failure?.level, 'error');
  assert.is(failure?.fields?.['error'], 'Error: broken 1');
  assert.is(kit.system.inspect()[0]?.restarts, 1);
});

test('one for one: the neighbours of a failed actor notice nothing', () => {
  const kit = newKit();
  const events: string[] = [];
  const ref = spawnFragile(kit, []);
  const neighbour = kit.system.spawn('b', fragile(events));
  kit.system.send(ref, { kind: 'throw' });
  kit.system.send(neighbour, { kind: 'note' });
  kit.pass(1000);
  assert.equal(events, ['start 1/1', 'note 1']);
});

test('the back-off doubles up to its maximum and starts anew after a quiet window', () => {
  const supervision = new Supervision(undefined, policy);
  const delays = [0, 1, 2, 3, 4].map((ms) => supervision.judge(ms));
  assert.equal(
    delays.map((verdict) => (verdict.kind === 'restart' ? verdict.delayMs : verdict.kind)),
    [100, 200, 400, 400, 400],
  );
  assert.equal(supervision.judge(9_999), { kind: 'escalate' });
  assert.equal(supervision.judge(20_000), { kind: 'restart', delayMs: 100 });
});

test('a failure after the budget is spent escalates once, and the actor is gone', () => {
  const kit = newKit();
  const events: string[] = [];
  const ref = spawnFragile(kit, events, { ...policy, budget: 2 });
  for (let i = 0; i < 3; i += 1) {
    assert.is(kit.escalated.length, 0);
    kit.system.send(ref, { kind: 'throw' });
    kit.pass(500);
  }
  assert.is(kit.escalated.length, 1);
  assert.is(kit.escalated[0]?.address.id, 'a');
  assert.match(String(kit.escalated[0]?.error), 'broken 3');
  assert.is(kit.system.find('a'), undefined);
  assert.is(events.filter((event) => event.startsWith('stopped')).length, 3);
});

test('a budget that its own pauses outlast is refused: such an actor would fail for ever', () => {
  const slow = { firstDelayMs: 50, maxDelayMs: 5_000, budget: 20, windowMs: 60_000 };
  assert.throws(() => new Supervision(slow, policy), /never fall within 60000 ms/);
  assert.not.throws(() => new Supervision({ ...slow, maxDelayMs: 2_000 }, policy));
  assert.not.throws(() => new Supervision({ ...slow, firstDelayMs: 0, budget: 1e9 }, policy));
});

test('escalate fails the system at the first throw; never just ends the actor', () => {
  const kit = newKit();
  kit.system.send(spawnFragile(kit, [], 'escalate'), { kind: 'throw' });
  kit.settle();
  assert.is(kit.escalated.length, 1);
  kit.system.send(spawnFragile(kit, [], 'never'), { kind: 'throw' });
  kit.pass(60_000);
  assert.is(kit.escalated.length, 1);
  assert.is(kit.system.find('a'), undefined);
});

test('a factory or a start that throws is a failure like any other', () => {
  const kit = newKit();
  let attempts = 0;
  const events: string[] = [];
  kit.system.spawn<Order>(
    'a',
    () => {
      attempts += 1;
      if (attempts === 1) throw new Error('no factory');
      const attempt = attempts;
      return {
        start: () => {
          if (attempt === 2) throw new Error('no start');
        },
        receive: () => undefined,
        stopped: () => events.push(`stopped ${attempt}`),
      };
    },
    { restart: policy },
  );
  kit.pass(1000);
  assert.is(attempts, 3);
  assert.is(stateOf(kit), 'running');
  assert.equal(events, ['stopped 2']);
});

test('whatever is thrown can be described, and a throwing stopped() changes nothing', () => {
  const kit = newKit();
  const hostile = {
    toString: () => {
      throw new Error('hostile');
    },
  };
  for (const [index, thrown] of [null, 'text', hostile].entries()) {
    const ref = kit.system.spawn<Order>(
      `x${index}`,
      () => ({
        receive: () => {
          throw thrown;
        },
        stopped: () => {
          throw new Error('twice');
        },
      }),
      { restart: policy },
    );
    kit.system.send(ref, { kind: 'note' });
    kit.settle();
    assert.is(stateOf(kit, `x${index}`), 'restarting');
  }
  assert.is(kit.notes.filter((note) => note.event === 'actor.stopped_threw').length, 3);
});

test('a stop during the back-off, or from stopped(), means no restart', () => {
  const kit = newKit();
  const events: string[] = [];
  const ref = spawnFragile(kit, events);
  kit.system.send(ref, { kind: 'throw' });
  kit.settle();
  kit.system.stop(ref);
  assert.is(stateOf(kit), 'absent');
  const other = kit.system.spawn<Order>('b', () => ({
    receive: () => {
      throw new Error('broken');
    },
    stopped: () => kit.system.stop(other),
  }));
  kit.system.send(other, { kind: 'throw' });
  kit.pass(60_000);
  assert.equal(events, ['start 1/1', 'stopped 1']);
  assert.is(stateOf(kit, 'b'), 'absent');
});

const short: RestartPolicy = { ...policy, budget: 2, spent: 'quarantine' };

/** Spends the budget of the actor `a` and fails it once more, with `waiting` notes behind the last throw. */
function failForGood(kit: Kit, ref: Ref<Order>, waiting = 0): void {
  for (let i = 0; i < 2; i += 1) {
    kit.system.send(ref, { kind: 'throw' });
    kit.pass(500);
  }
  kit.system.send(ref, { kind: 'throw' });
  for (let i = 0; i < waiting; i += 1) kit.system.send(ref, { kind: 'note' });
  kit.system.send(ref, { kind: 'note' }, 'control');
  kit.settle();
}

test('what follows a spent budget is data: escalation, or quarantine', () => {
  const judged = (spent: RestartPolicy['spent']): readonly string[] => {
    const rule = { ...policy, budget: 1, ...(spent === undefined ? {} : { spent }) };
    const supervision = new Supervision(rule, policy);
    return [0, 1, 20_000].map((ms) => supervision.judge(ms).kind);
  };
  assert.equal(judged(undefined), ['restart', 'escalate', 'restart']);
  assert.equal(judged('escalate'), ['restart', 'escalate', 'restart']);
  assert.equal(judged('quarantine'), ['restart', 'quarantine', 'restart']);
});

test('an actor in quarantine is started no more, keeps its id, and ends nobody else', () => {
  const kit = newKit();
  const events: string[] = [];
  const ref = spawnFragile(kit, events, short);
  const neighbour = kit.system.spawn('b', fragile([]));
  kit.pass(1_000);
  const beganMs = kit.clock.wallTime();
  failForGood(kit, ref);
  assert.equal(kit.escalated, []);
  assert.is(stateOf(kit), 'quarantined');
  kit.pass(600_000);
  assert.is(events.filter((event) => event.startsWith('start ')).length, 3);
  assert.is(events.filter((event) => event.startsWith('stopped')).length, 3);
  assert.throws(() => kit.system.spawn('a', fragile([])), /taken/);
  assert.is(kit.system.send(ref, { kind: 'note' }), 'gone');
  assert.is(kit.system.send(neighbour, { kind: 'note' }), 'accepted');
  const { quarantine, restarts } = kit.system.inspectOne('a') ?? {};
  assert.is(restarts, 2);
  assert.is(quarantine?.restarts, 2);
  assert.is(quarantine?.error, 'Error: broken 3');
  assert.ok((quarantine?.sinceMs ?? 0) >= beganMs);
  assert.is(kit.notes.filter((note) => note.event === 'actor.quarantined').length, 1);
});

/** Notes what it gets, and breaks at a second throw. */
function standIn(events: string[]): (quarantine: Quarantine) => Actor<Order> {
  return ({ error }) => ({
    start: () => events.push(`stands in: ${error}`),
    receive: (message, context) => {
      if (message.kind === 'throw') throw new Error('broken too');
      events.push(`refused ${context.incarnation}`);
    },
    stopped: () => events.push('stood in'),
    inspect: () => ({ refuses: true }),
  });
}

test('a stand-in takes over what waits on the data lane and answers for as long as the quarantine lasts', () => {
  const kit = newKit();
  const events: string[] = [];
  const made: string[] = [];
  const ref = kit.system.spawn('a', fragile(made), { restart: short, standIn: standIn(events) });
  failForGood(kit, ref, 2);
  // Not the control message: what the group's own protocol says is not for a stand-in.
  assert.equal(events, ['stands in: Error: broken 3', 'refused 4', 'refused 4']);
  assert.is(stateOf(kit), 'quarantined');
  assert.equal(kit.system.inspectOne('a')?.details, { refuses: true });
  assert.is(kit.system.send(ref, { kind: 'note' }), 'accepted');
  kit.pass(600_000);
  assert.is(events.at(-1), 'refused 4');
  assert.is(made.filter((event) => event.startsWith('start ')).length, 3);
});

test('a stand-in that fails has no successor, and still ends nobody else', () => {
  const kit = newKit();
  const events: string[] = [];
  const ref = kit.system.spawn('a', fragile([]), { restart: short, standIn: standIn(events) });
  failForGood(kit, ref);
  kit.system.send(ref, { kind: 'throw' });
  kit.system.send(ref, { kind: 'note' });
  kit.pass(600_000);
  assert.equal(events, ['stands in: Error: broken 3', 'stood in']);
  assert.equal(kit.escalated, []);
  assert.is(stateOf(kit), 'quarantined');
  assert.is(kit.system.send(ref, { kind: 'note' }), 'gone');
});

test('a stop ends the quarantine, with and without a stand-in, and frees the id', () => {
  for (const standsIn of [true, false]) {
    const kit = newKit();
    const events: string[] = [];
    const options = standsIn ? { restart: short, standIn: standIn(events) } : { restart: short };
    const ref = kit.system.spawn('a', fragile([]), options);
    failForGood(kit, ref);
    kit.system.stop(ref);
    assert.is(stateOf(kit), 'absent');
    assert.is(events.at(-1), standsIn ? 'stood in' : undefined);
    const made: string[] = [];
    const next = kit.system.spawn('a', fragile(made), { restart: short });
    kit.settle();
    assert.equal(made, [`start 1/${standsIn ? 5 : 4}`]);
    // With a whole budget again.
    kit.system.send(next, { kind: 'throw' });
    kit.settle();
    assert.is(stateOf(kit), 'restarting');
  }
});

test('who asks to stop as it fails for the last time is stopped, not in quarantine', () => {
  const kit = newKit();
  const events: string[] = [];
  const ref = kit.system.spawn<Order>(
    'a',
    () => ({
      receive: () => {
        throw new Error('broken');
      },
      stopped: () => kit.system.stop(ref),
    }),
    { restart: { ...short, budget: 0 }, standIn: standIn(events) },
  );
  kit.system.send(ref, { kind: 'throw' });
  kit.system.send(ref, { kind: 'note' });
  kit.pass(1_000);
  assert.is(stateOf(kit), 'absent');
  assert.equal(events, []);
});

test('a monitor of an actor hears of its end as it goes into quarantine, and of its stand-in afterwards', () => {
  const kit = newKit();
  const heard: number[] = [];
  const ref = kit.system.spawn('a', fragile([]), { restart: { ...short, budget: 0 }, standIn: standIn([]) });
  kit.system.spawn<{ readonly kind: 'watch' } | { readonly kind: 'ended' }>('w', () => ({
    start: (context) => context.monitor(ref, { kind: 'ended' }),
    receive: (_, context) => {
      heard.push(kit.clock.now());
      if (heard.length < 5) context.monitor(ref, { kind: 'ended' });
    },
  }));
  kit.settle();
  kit.system.send(ref, { kind: 'throw' });
  kit.pass(100);
  assert.is(heard.length, 1);
  kit.system.stop(ref);
  kit.settle();
  assert.ok(heard.length > 1);
});

test('start counts only rise, also for ids that were forgotten', () => {
  const counts = new StartCounts(2);
  counts.remember('a', 7);
  counts.remember('b', 1);
  counts.remember('c', 1);
  assert.is(counts.recall('a'), 7, 'a was forgotten, and its count became the floor');
  assert.is(counts.recall('b'), 1);
  assert.is(counts.recall('new'), 7);
});

test.run();
