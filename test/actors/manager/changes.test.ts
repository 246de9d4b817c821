// Changes: create, register, admin. Answered once, truthfully, and applied once however often they are tried.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../../src/kernel/index.ts';
import { brokerState } from '../../../src/directory/index.ts';
import { id } from '../../directory/machines.ts';
import { Cluster, outcomeOf, type Asked, type TestNode } from './cluster.ts';

function founded(options: ConstructorParameters<typeof Cluster>[0] = {}): Cluster {
  const cluster = new Cluster(options).startAll();
  cluster.untilFounded();
  return cluster;
}

function primaryOf(cluster: Cluster): TestNode {
  const node = cluster.primary();
  if (node === undefined) throw new Error('there is no primary');
  return node;
}

function others(cluster: Cluster, than: TestNode): TestNode[] {
  return cluster.nodes().filter((node) => node !== than);
}

function answerOf(cluster: Cluster, asked: Asked): string {
  cluster.until('an answer', () => asked.answer !== undefined);
  return outcomeOf(asked) ?? '';
}

function create(node: TestNode, name: string, partitions = 2, deadlineMs = 5_000): Asked {
  return node.change({ kind: 'create-topic', name, partitions }, deadlineMs);
}

function kindOf({ message }: Envelope): string {
  return (message as { readonly kind: string }).kind;
}

const creating = suite('S14 creating a topic');

creating('answers on any node when every partition has a leader, its event sent before', () => {
  const cluster = founded();
  for (const node of cluster.nodes()) {
    const asked = create(node, `t-${node.name}`, 3);
    assert.is(answerOf(cluster, asked), 'ok');
    assert.equal(asked.answer?.result, { ok: true, partitions: 3 });
    assert.ok(
      node.events
        .slice(0, asked.eventsBefore)
        .some((event) => event.kind === 'topic' && event.topic.name === `t-${node.name}`),
    );
    const leaders = cluster
      .nodes()
      .flatMap((each) => [1, 2, 3].map((group) => each.actor(`partition/${group}`)?.details['role']));
    assert.is(leaders.filter((role) => role === 'leader').length, 3);
  }
});

creating('is seen on every other node after a barrier (S13)', () => {
  const cluster = founded();
  assert.is(answerOf(cluster, create(cluster.node('n1'), 't')), 'ok');
  const barriers = cluster.nodes().map((node) => ({ node, asked: node.barrier() }));
  for (const { node, asked } of barriers) {
    assert.is(answerOf(cluster, asked), 'ok');
    assert.ok(
      node.events
        .slice(0, asked.eventsBefore)
        .some((event) => event.kind === 'topic' && event.topic.name === 't'),
    );
  }
});

creating('hides the topic until it is ready, and tells a second creator only then that it exists', () => {
  const cluster = founded();
  cluster.drop = (envelope) => envelope.to.id.startsWith('partition/');
  const first = create(cluster.node('n1'), 't');
  const second = create(cluster.node('n2'), 't');
  cluster.until('the topic is being created', () =>
    cluster.nodes().every((node) => (node.manager()['creating'] as string[]).length === 1),
  );
  const barrier = cluster.node('n3').barrier();
  assert.is(answerOf(cluster, barrier), 'ok');
  assert.not(cluster.nodes().some((node) => node.knows('topic t')));
  assert.equal([outcomeOf(first), outcomeOf(second)], [undefined, undefined]);
  const producer = cluster.node('n1').change({ kind: 'register-producer', id: id(1), topic: 't' });
  assert.is(answerOf(cluster, producer), 'topic_not_found not_applied');
  cluster.drop = () => false;
  assert.equal([answerOf(cluster, first), answerOf(cluster, second)].toSorted(), [
    'ok',
    'topic_exists not_applied',
  ]);
});

creating('says what is true when the time is up before the topic is ready', () => {
  const cluster = founded();
  cluster.drop = (envelope) => envelope.to.id.startsWith('partition/');
  const first = create(cluster.node('n1'), 't');
  cluster.until(
    'it is being created',
    () => (cluster.node('n1').manager()['creating'] as string[]).length === 1,
  );
  const second = create(cluster.node('n2'), 't');
  assert.is(answerOf(cluster, first), 'timeout unknown');
  assert.is(answerOf(cluster, second), 'timeout not_applied');
  cluster.drop = () => false;
  cluster.until('it appears by itself', () => cluster.nodes().every((node) => node.knows('topic t')));
});

creating('answers the refusals of the directory', () => {
  const cluster = founded();
  const node = cluster.node('n2');
  assert.is(answerOf(cluster, create(node, 't')), 'ok');
  assert.is(answerOf(cluster, create(node, 't')), 'topic_exists not_applied');
  assert.is(answerOf(cluster, create(node, '..')), 'bad_request not_applied');
  assert.is(answerOf(cluster, create(node, 'u', 0)), 'bad_request not_applied');
  assert.is(answerOf(cluster, create(node, 'u', 1.5)), 'bad_request not_applied');
  assert.is(answerOf(cluster, create(node, 'u\ud800')), 'bad_request not_applied');
});

creating('works in a cluster of one, with one replica', () => {
  const cluster = founded({ names: ['n1'] });
  const node = cluster.node('n1');
  assert.is(answerOf(cluster, create(node, 't', 4)), 'ok');
  const told = node.last('topic t');
  assert.is(told?.kind === 'topic' && told.topic.partitions.every((one) => one.replicas.length === 1), true);
});

creating.run();

const changing = suite('a new primary in the middle');

changing('resumes a creation: the creator is answered, and the topic is there once', () => {
  for (let at = 20; at <= 400; at += 20) {
    const cluster = founded({ seed: 'resume' });
    const primary = primaryOf(cluster);
    const [asker] = others(cluster, primary);
    const asked = create(asker!, 't', 2, 30_000);
    const start = cluster.loop.executed;
    while (cluster.loop.executed < start + at) cluster.loop.step();
    cluster.isolate(primary.name);
    assert.is(answerOf(cluster, asked), 'ok', `cut after ${at} events`);
    cluster.heal();
    cluster.until('all know it', () => cluster.nodes().every((node) => node.knows('topic t')));
    assert.is(asker!.manager()['partitions'], 2, `cut after ${at} events`);
  }
});

changing('resumes it also when the primary dies and its creator asked it directly of another node', () => {
  for (let at = 20; at <= 400; at += 40) {
    const cluster = founded({ seed: 'dies' });
    const primary = primaryOf(cluster);
    const [asker] = others(cluster, primary);
    const asked = create(asker!, 't', 3, 30_000);
    const start = cluster.loop.executed;
    while (cluster.loop.executed < start + at) cluster.loop.step();
    primary.crash();
    assert.is(answerOf(cluster, asked), 'ok', `killed after ${at} events`);
    primary.start();
    cluster.until('all know it', () => cluster.nodes().every((node) => node.knows('topic t')));
    assert.is(asker!.manager()['partitions'], 3, `killed after ${at} events`);
  }
});

changing('does not tell a creator that its own topic exists, when only the answer was lost', () => {
  const cluster = founded();
  const [asker] = others(cluster, primaryOf(cluster));
  let lost = 0;
  cluster.drop = (envelope) => {
    if (kindOf(envelope) !== 'primary-answer' || lost >= 2) return false;
    lost += 1;
    return true;
  };
  assert.is(answerOf(cluster, create(asker!, 't', 2, 20_000)), 'ok');
  assert.is(lost, 2);
  assert.is(asker!.manager()['partitions'], 2);
});

changing('adds a broker once, when only the answer was lost', () => {
  const cluster = founded();
  const [asker] = others(cluster, primaryOf(cluster));
  let lost = false;
  cluster.drop = (envelope) => {
    const drop = !lost && kindOf(envelope) === 'primary-answer';
    lost ||= drop;
    return drop;
  };
  assert.is(answerOf(cluster, asker!.change({ kind: 'admin', action: 'add', broker: 'x' }, 20_000)), 'ok');
  assert.ok(lost);
});

changing('takes a change that is sent twice as one', () => {
  const cluster = founded();
  const primary = primaryOf(cluster);
  const [asker] = others(cluster, primary);
  cluster.tap = (envelope) => {
    if (kindOf(envelope) === 'primary-change') primary.receive(envelope);
  };
  assert.is(answerOf(cluster, create(asker!, 't')), 'ok');
  assert.is(asker!.manager()['partitions'], 2);
});

changing('tells a new primary at once which partitions are ready', () => {
  const cluster = founded({ limits: { managerRetryMaxMs: 3_600_000 } });
  const primary = primaryOf(cluster);
  const [asker] = others(cluster, primary);
  cluster.drop = (envelope) => kindOf(envelope) === 'partitions-ready';
  answerOf(cluster, create(asker!, 't', 6, 500));
  cluster.pass(3_000);
  assert.not(asker!.knows('topic t'));
  cluster.drop = () => false;
  primary.crash();
  cluster.until('it is ready', () => asker!.knows('topic t'));
});

changing.run();

const deadlines = suite('S2 no majority');

deadlines('a change that no primary ever heard of was not made', () => {
  const cluster = founded();
  const primary = primaryOf(cluster);
  const [one, two] = others(cluster, primary);
  primary.crash();
  two!.crash();
  cluster.until('nobody leads', () => one!.manager()['leader'] === undefined);
  assert.is(answerOf(cluster, create(one!, 't')), 'no_quorum not_applied');
  assert.is(answerOf(cluster, one!.barrier()), 'no_quorum not_applied');
});

deadlines('a change that a primary took and could not commit may yet be made', () => {
  const cluster = founded();
  const primary = primaryOf(cluster);
  for (const other of others(cluster, primary)) other.crash();
  const asked = create(primary, 't');
  assert.match(answerOf(cluster, asked), / unknown$/);
  for (const other of others(cluster, primary)) other.start();
  cluster.untilFounded();
});

deadlines('a change that another primary overwrote is made by it, once', () => {
  const cluster = founded();
  const primary = primaryOf(cluster);
  cluster.isolate(primary.name);
  const asked = create(primary, 't', 2, 60_000);
  cluster.until('another leads', () =>
    others(cluster, primary).some((node) => node.manager()['role'] === 'leader'),
  );
  const [other] = others(cluster, primary);
  assert.is(answerOf(cluster, create(other!, 'u', 2, 60_000)), 'ok');
  cluster.heal();
  assert.is(answerOf(cluster, asked), 'ok');
  assert.is(other!.manager()['partitions'], 4);
});

deadlines('refuses what is over its bounds', () => {
  const cluster = founded({ limits: { managerPendingChanges: 1, managerPendingBarriers: 2 } });
  const node = cluster.node('n1');
  for (const other of others(cluster, node)) other.crash();
  const changes = [create(node, 'a'), create(node, 'b')];
  const barriers = [node.barrier(), node.barrier(), node.barrier()];
  assert.is(answerOf(cluster, changes[1]!), 'overloaded not_applied');
  assert.is(answerOf(cluster, barriers[2]!), 'overloaded not_applied');
  for (const asked of [...changes, ...barriers]) answerOf(cluster, asked);
});

deadlines.run();

const admin = suite('admin calls');

admin('answer when every alive node has applied them (S13)', () => {
  const cluster = founded();
  for (const node of cluster.nodes()) {
    const asked = node.change({ kind: 'admin', action: 'add', broker: `x-${node.name}` });
    assert.is(answerOf(cluster, asked), 'ok');
    assert.ok(cluster.nodes().every((each) => each.knows(`broker x-${node.name}`)));
  }
});

admin('do not wait for a node that was found dead', () => {
  const cluster = founded();
  const [, dead] = others(cluster, primaryOf(cluster));
  dead!.crash();
  const asked = primaryOf(cluster).change({ kind: 'admin', action: 'add', broker: 'x' }, 20_000);
  assert.is(answerOf(cluster, asked), 'ok');
  const told = primaryOf(cluster).last(`broker ${dead!.name}`);
  assert.is(told?.kind === 'broker' && told.broker.alive, false);
});

admin('name the nodes that have not confirmed in time', () => {
  const cluster = founded();
  cluster.drop = (envelope) => kindOf(envelope) === 'applied-answer';
  const asked = cluster.node('n1').change({ kind: 'admin', action: 'add', broker: 'x' });
  assert.is(answerOf(cluster, asked), 'timeout unknown');
  assert.match(asked.answer?.error?.message ?? '', /n2, n3/);
});

admin('wait for nodes that are no brokers yet, by their links', () => {
  const cluster = new Cluster({ manual: true }).startAll();
  cluster.until('a primary', () => cluster.primary() !== undefined);
  const add = (broker: string): string =>
    answerOf(cluster, cluster.node('n2').change({ kind: 'admin', action: 'add', broker }, 20_000));
  assert.is(answerOf(cluster, create(cluster.node('n1'), 't')), 'not_enough_brokers not_applied');
  for (const name of cluster.names) {
    assert.is(add(name), 'ok');
    assert.ok(cluster.nodes().every((node) => node.knows(`broker ${name}`)));
  }
  assert.is(answerOf(cluster, create(cluster.node('n1'), 't')), 'ok');
});

admin('deactivate moves the leaders away, and keeps them away (S17)', () => {
  const cluster = founded();
  assert.is(answerOf(cluster, create(cluster.node('n1'), 't', 6)), 'ok');
  const leads = (node: TestNode): number =>
    [1, 2, 3, 4, 5, 6].filter((group) => node.actor(`partition/${group}`)?.details['role'] === 'leader')
      .length;
  const node = cluster.node('n2');
  assert.ok(leads(node) > 0);
  const asked = cluster.node('n1').change({ kind: 'admin', action: 'deactivate', broker: 'n2' });
  assert.is(answerOf(cluster, asked), 'ok');
  cluster.until(
    'it leads nothing',
    () => leads(node) === 0 && cluster.nodes().reduce((sum, each) => sum + leads(each), 0) === 6,
  );
});

/** So long that what is only repeated never comes: what must happen at once has to. */
const neverAgain = { managerRetryMaxMs: 3_600_000 };

function leadsOf(node: TestNode, groups: readonly number[]): number {
  return groups.filter((group) => node.actor(`partition/${group}`)?.details['role'] === 'leader').length;
}

admin('deactivate moves the leaders away at once, also those that come later', () => {
  const cluster = founded({ limits: neverAgain });
  const groups = [1, 2, 3];
  assert.is(answerOf(cluster, create(cluster.node('n1'), 't', 3)), 'ok');
  const node = cluster.node('n2');
  answerOf(cluster, cluster.node('n1').change({ kind: 'admin', action: 'deactivate', broker: 'n2' }));
  cluster.until('it leads nothing', () => leadsOf(node, groups) === 0);
  cluster.until(
    'others lead',
    () => cluster.nodes().reduce((sum, each) => sum + leadsOf(each, groups), 0) === 3,
  );
  // The others hand it back, as they would not by themselves.
  let looks = 0;
  cluster.until('it leads again', () => {
    looks += 1;
    for (const other of looks % 500 === 0 ? others(cluster, node) : []) {
      for (const group of groups) other.send(`partition/${group}`, { kind: 'hand-over', to: ['n2'] });
    }
    return leadsOf(node, groups) > 0;
  });
  cluster.until('it leads nothing again', () => leadsOf(node, groups) === 0);
});

admin.run();

const registering = suite('S14 S22 producers and consumers');

registering('are known on the node that answers, and idempotent by id', () => {
  const cluster = founded();
  assert.is(answerOf(cluster, create(cluster.node('n1'), 't', 3)), 'ok');
  for (const node of cluster.nodes()) {
    for (const kind of ['register-producer', 'register-consumer'] as const) {
      const asked = node.change({ kind, id: id(7), topic: 't' });
      assert.is(answerOf(cluster, asked), 'ok');
      assert.equal(asked.answer?.result, { ok: true, partitions: 3 });
      const what = kind.slice('register-'.length);
      assert.ok(node.events.slice(0, asked.eventsBefore).some((event) => event.kind === what));
    }
  }
});

registering('leaves equal states on all nodes', () => {
  const cluster = founded();
  answerOf(cluster, create(cluster.node('n1'), 't', 3));
  answerOf(cluster, cluster.node('n2').change({ kind: 'admin', action: 'deactivate', broker: 'n3' }));
  const barriers = cluster.nodes().map((node) => node.barrier());
  for (const asked of barriers) answerOf(cluster, asked);
  cluster.until(
    'equal applied',
    () => new Set(cluster.nodes().map((node) => node.manager()['applied'])).size === 1,
  );
  assert.is(new Set(cluster.nodes().map((node) => node.stateHash())).size, 1);
  const told = cluster.node('n1').last('broker n3');
  assert.is(told?.kind === 'broker' && brokerState(told.broker), 'inactive');
});

registering.run();
