// The admin of a node answers for its own node and, over the wire codec, for every other; traces end with whoever asked.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultLimits, type NodeFacts } from '@callboard/client/protocol';
import { Admin, adminActorId, type AdminMessage, type AdminPort } from '../../../src/actors/admin/index.ts';
import type { AdminAnswer, AdminQuestion, AdminTraced } from '../../../src/actors/admin/messages.ts';
import { createActorCodec } from '../../../src/actors/wire.ts';
import { ActorSystem, refTo, type Envelope } from '../../../src/kernel/index.ts';
import { SimClock } from '../../../sim/ports/sim-clock.ts';
import { SimLoop } from '../../../sim/ports/sim-loop.ts';

const codec = createActorCodec(defaultLimits);
const names = ['n1', 'n2'] as const;

function facts(node: string): NodeFacts {
  const counts = {
    term: 3,
    applied: 9,
    replicas: 2,
    leading: 1,
    damaged: 0,
    actors: 4,
    restarts: 0,
    waiting: 0,
  };
  const process = { rssBytes: 1_000, uptimeSeconds: 5 };
  return {
    version: '1',
    ready: true,
    healthy: true,
    role: node === 'n1' ? 'leader' : 'follower',
    ...counts,
    ...process,
  };
}

/** Two nodes with an admin each, an actor to look at on each, and an asker on the first. */
class Pair {
  readonly loop = new SimLoop({ seed: 1 });
  readonly systems: ReadonlyMap<string, ActorSystem>;
  readonly answers: AdminAnswer[] = [];
  readonly traced: AdminTraced[] = [];
  readonly down = new Set<string>();
  #lastId = 0;

  constructor() {
    this.systems = new Map(names.map((name) => [name, this.#system(name)]));
    for (const [name, system] of this.systems) {
      system.spawn<AdminMessage>(
        adminActorId,
        () => new Admin({ node: name, limits: defaultLimits, port: port(name, system) }),
      );
      system.spawn<{ readonly kind: string }>('worker', () => ({
        receive: () => undefined,
        inspect: () => ({ of: name }),
      }));
    }
    this.#spawnAsker();
    this.pass(1);
  }

  system(name: string): ActorSystem {
    const system = this.systems.get(name);
    if (system === undefined) throw new Error(`there is no ${name}`);
    return system;
  }

  ask(question: AdminQuestion): number {
    this.#lastId += 1;
    const replyTo = refTo<AdminAnswer | AdminTraced>('n1', 'client/1');
    this.system('n1').send<AdminMessage>(refTo('n1', adminActorId), {
      kind: 'admin-call',
      id: this.#lastId,
      replyTo,
      question,
    });
    this.pass(5);
    return this.#lastId;
  }

  work(node: string, count: number): void {
    for (let at = 0; at < count; at += 1) {
      this.system(node).send(refTo(node, 'worker'), { kind: `job-${at}` });
    }
    this.pass(300);
  }

  answer(id: number): AdminAnswer | undefined {
    return this.answers.find((answer) => answer.id === id);
  }

  messagesOf(id: number): readonly string[] {
    return this.traced
      .filter((one) => one.id === id)
      .flatMap(({ messages }) => messages.map(({ message }) => message));
  }

  endOf(id: number): string | undefined {
    return this.traced.findLast((one) => one.id === id)?.ended;
  }

  details(node: string): Record<string, unknown> {
    return this.system(node).inspectOne(adminActorId)?.details ?? {};
  }

  pass(ms: number): void {
    this.loop.run(this.loop.nowMicros + ms * 1_000);
  }

  link(node: string, other: string, up: boolean): void {
    this.system(node).send<AdminMessage>(
      refTo(node, adminActorId),
      { kind: 'group-link', node: other, up },
      'control',
    );
    this.pass(5);
  }

  #spawnAsker(): void {
    this.system('n1').spawn<AdminAnswer | AdminTraced>('client/1', () => ({
      receive: (message) => {
        if (message.kind === 'admin-answer') this.answers.push(message);
        else this.traced.push(message);
      },
    }));
  }

  #system(name: string): ActorSystem {
    const clock = new SimClock(this.loop, name);
    return new ActorSystem({
      node: name,
      freezeMessages: true,
      onEscalate: (error) => {
        throw error;
      },
      ports: {
        clock,
        random: this.loop.random.fork(name),
        network: { send: (envelope) => this.#carry(envelope), flush: () => undefined },
        trace: { note: () => undefined },
      },
    });
  }

  #carry(envelope: Envelope): 'accepted' | 'gone' {
    const { from, to, lane } = envelope;
    if (this.down.has(to.node)) return 'accepted';
    const wire = codec.encode(to.id, envelope.message);
    this.loop.at(this.loop.nowMicros + 100, () => {
      this.system(to.node).deliver({ from, to, lane, message: codec.decode(to.id, wire) });
    });
    return 'accepted';
  }
}

function port(name: string, system: ActorSystem): AdminPort {
  const brokers = names.map((one) => ({ name: one, url: `http://${one}`, state: 'active' as const }));
  return {
    nodes: names,
    facts: () => facts(name),
    directory: () => ({
      clusterId: 'c',
      primary: 'n1',
      topics: 1,
      partitions: 2,
      removals: [{ topic: 'old', partitions: 2, over: 1, waitsFor: ['n2'] }],
      brokers,
    }),
    actors: () => system.inspect(),
    actor: (id) => system.inspectOne(id),
    tap: (id, messages, listener) => system.tap(id, messages, listener),
    untap: (id) => system.untap(id),
  };
}

const questions = suite('questions');

questions('about the cluster are answered with what each node says of itself', () => {
  const pair = new Pair();
  const { value } = pair.answer(pair.ask({ op: 'cluster' })) ?? {};
  if (value?.op !== 'cluster') throw new Error('no report');
  assert.equal([value.node, value.primary, value.topics, value.deleting], ['n1', 'n1', 1, ['old']]);
  assert.equal(value.removals, [{ topic: 'old', partitions: 2, over: 1, waitsFor: ['n2'] }]);
  assert.equal(
    value.nodes.map(({ name, broker, facts: told }) => [name, broker, told?.role]),
    [
      ['n1', 'active', 'leader'],
      ['n2', 'active', 'follower'],
    ],
  );
});

questions('to a node that is silent are answered without it, within their time', () => {
  const pair = new Pair();
  pair.down.add('n2');
  const whole = pair.ask({ op: 'cluster' });
  const one = pair.ask({ op: 'actors', node: 'n2' });
  assert.is(pair.answer(whole), undefined);
  pair.pass(defaultLimits.adminAskMs + 200);
  const { value } = pair.answer(whole) ?? {};
  if (value?.op !== 'cluster') throw new Error('no report');
  assert.equal(
    value.nodes.map(({ facts: told }) => told === undefined),
    [false, true],
  );
  assert.is(pair.answer(one)?.error?.code, 'unavailable');
  assert.is(pair.details('n1')['asked'], 0);
});

questions('list actors here and there, and one of them whole', () => {
  const pair = new Pair();
  pair.work('n2', 4);
  for (const node of ['n1', 'n2', '']) {
    const { value } = pair.answer(pair.ask({ op: 'actors', node })) ?? {};
    if (value?.op !== 'actors') throw new Error('no list');
    assert.is(value.node, node === '' ? 'n1' : node);
    assert.ok(value.actors.some(({ id }) => id === 'worker'));
  }
  const { value } = pair.answer(pair.ask({ op: 'actor', node: 'n2', actor: 'worker' })) ?? {};
  if (value?.op !== 'actor') throw new Error('no actor');
  assert.equal([value.actor.id, value.actor.state, value.actor.handled], ['worker', 'running', 4]);
  assert.is(value.details, '{"of":"n2"}');
});

questions('about what is not there are refused by name', () => {
  const pair = new Pair();
  assert.is(pair.answer(pair.ask({ op: 'actors', node: 'n9' }))?.error?.code, 'node_not_found');
  for (const node of names) {
    assert.is(pair.answer(pair.ask({ op: 'actor', node, actor: 'none' }))?.error?.code, 'actor_not_found');
    assert.is(
      pair.answer(pair.ask({ op: 'trace', node, actor: 'none', messages: 1 }))?.error?.code,
      'actor_not_found',
    );
    const many = {
      op: 'trace',
      node,
      actor: 'worker',
      messages: defaultLimits.adminTraceMessages + 1,
    } as const;
    assert.is(pair.answer(pair.ask(many))?.error?.code, 'bad_request');
  }
});

questions.run();

const traces = suite('traces');

for (const node of names) {
  traces(`of an actor on ${node} show as many messages as were asked for, and end`, () => {
    const pair = new Pair();
    const id = pair.ask({ op: 'trace', node, actor: 'worker', messages: 3 });
    pair.work(node, 5);
    assert.equal(pair.messagesOf(id), ['job-0', 'job-1', 'job-2']);
    assert.is(pair.endOf(id), 'complete');
    assert.equal([pair.details('n1')['watched'], pair.details(node)['traces']], [0, 0]);
    // The actor is free again.
    const again = pair.ask({ op: 'trace', node, actor: 'worker', messages: 1 });
    pair.work(node, 1);
    assert.is(pair.endOf(again), 'complete');
  });

  traces(`of an actor on ${node} end with the session that asked`, () => {
    const pair = new Pair();
    pair.ask({ op: 'trace', node, actor: 'worker', messages: 100 });
    assert.is(pair.details(node)['traces'], 1);
    pair.system('n1').stop(refTo('n1', 'client/1'));
    pair.pass(50);
    assert.equal([pair.details('n1')['watched'], pair.details(node)['traces']], [0, 0]);
  });

  traces(`of an actor on ${node} end with the actor`, () => {
    const pair = new Pair();
    const id = pair.ask({ op: 'trace', node, actor: 'worker', messages: 100 });
    pair.work(node, 2);
    pair.system(node).stop(refTo(node, 'worker'));
    pair.pass(200);
    assert.equal([pair.messagesOf(id), pair.endOf(id)], [['job-0', 'job-1'], 'actor-ended']);
  });

  traces(`of an actor on ${node} end when they have lasted too long`, () => {
    const pair = new Pair();
    const id = pair.ask({ op: 'trace', node, actor: 'worker', messages: 100 });
    pair.pass(defaultLimits.adminTraceMs + 500);
    assert.is(pair.endOf(id), 'too-long');
    assert.is(pair.details(node)['traces'], 0);
  });
}

traces('elsewhere end on both sides when the link is lost', () => {
  const pair = new Pair();
  const id = pair.ask({ op: 'trace', node: 'n2', actor: 'worker', messages: 100 });
  pair.link('n1', 'n2', false);
  pair.link('n2', 'n1', false);
  assert.is(pair.endOf(id), 'node-lost');
  assert.equal([pair.details('n1')['watched'], pair.details('n2')['traces']], [0, 0]);
});

traces('elsewhere end in any case, although the admin there has failed and forgotten them', () => {
  const pair = new Pair();
  const id = pair.ask({ op: 'trace', node: 'n2', actor: 'worker', messages: 100 });
  pair.system('n2').send(refTo('n2', adminActorId), undefined);
  pair.pass(defaultLimits.adminTraceMs + defaultLimits.adminAskMs + 500);
  assert.is(pair.details('n2')['traces'], 0);
  assert.is(pair.endOf(id), 'too-long');
  assert.is(pair.details('n1')['watched'], 0);
});

traces('of one actor are one at a time, and there is a most of them', () => {
  const pair = new Pair();
  pair.ask({ op: 'trace', node: 'n1', actor: 'worker', messages: 100 });
  const second = pair.ask({ op: 'trace', node: 'n1', actor: 'worker', messages: 100 });
  assert.is(pair.answer(second)?.error?.code, 'overloaded');
  for (let at = 1; at < defaultLimits.adminTraces; at += 1) {
    pair.system('n1').spawn(`w${at}`, () => ({ receive: () => undefined }));
    pair.ask({ op: 'trace', node: 'n1', actor: `w${at}`, messages: 100 });
  }
  assert.is(pair.details('n1')['traces'], defaultLimits.adminTraces);
  const beyond = pair.ask({ op: 'trace', node: 'n1', actor: adminActorId, messages: 1 });
  assert.is(pair.answer(beyond)?.error?.code, 'overloaded');
});

traces.run();
