// S13: what any node has answered is seen behind a barrier on every node.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../../src/kernel/index.ts';
import { id } from '../../directory/machines.ts';
import { Cluster, outcomeOf, type Asked, type TestNode } from './cluster.ts';

function kindOf({ message }: Envelope): string {
  return (message as { readonly kind: string }).kind;
}

function founded(seed: string | number = 1): Cluster {
  const cluster = new Cluster({ seed }).startAll();
  cluster.untilFounded();
  return cluster;
}

function answered(cluster: Cluster, asked: Asked): string {
  cluster.until('an answer', () => asked.answer !== undefined);
  return outcomeOf(asked) ?? '';
}

function followersOf(cluster: Cluster): TestNode[] {
  return cluster.nodes().filter((node) => node !== cluster.primary());
}

const barriers = suite('S13 barriers');

barriers('wait until a copy that lags has caught up', () => {
  const cluster = founded();
  const [behind, other] = followersOf(cluster) as [TestNode, TestNode];
  const held: Envelope[] = [];
  let holding = true;
  cluster.drop = (envelope) => {
    const appends = holding && envelope.to.node === behind.name && kindOf(envelope) === 'group-raft';
    if (appends) held.push(envelope);
    return appends;
  };
  assert.is(
    answered(cluster, other.change({ kind: 'admin', action: 'add', broker: 'x' }, 400)),
    'timeout unknown',
  );
  const barrier = behind.barrier(30_000);
  cluster.pass(500);
  assert.is(barrier.answer, undefined);
  assert.not(behind.knows('broker x'));
  holding = false;
  assert.is(answered(cluster, barrier), 'ok');
  assert.ok(
    behind.events
      .slice(0, barrier.eventsBefore)
      .some((event) => event.kind === 'broker' && event.broker.name === 'x'),
  );
});

barriers('asked while a round is on its way are covered by the next one', () => {
  const cluster = founded();
  const [asker] = followersOf(cluster) as [TestNode];
  const answers: Envelope[] = [];
  cluster.drop = (envelope) => {
    if (kindOf(envelope) !== 'primary-answer' || answers.length > 0) return false;
    answers.push(envelope);
    return true;
  };
  const first = asker.barrier();
  cluster.until('the first round is confirmed', () => answers.length === 1);
  const second = asker.barrier();
  // Only the first one's confirmation arrives: it is older than the second question.
  asker.receive(answers[0]!);
  cluster.until('the first is answered', () => first.answer !== undefined);
  assert.is(second.answer, undefined);
  assert.is(answered(cluster, second), 'ok');
});

barriers('need no more than one message for many', () => {
  const cluster = founded();
  const [asker] = followersOf(cluster) as [TestNode];
  let reads = 0;
  cluster.tap = (envelope) => {
    if (kindOf(envelope) === 'primary-read') reads += 1;
  };
  const asked = Array.from({ length: 500 }, () => asker.barrier());
  for (const one of asked) assert.is(answered(cluster, one), 'ok');
  assert.ok(reads <= 10, `${reads} rounds`);
});

barriers('survive lost messages and a new primary', () => {
  const cluster = founded();
  const primary = cluster.primary()!;
  const [asker] = followersOf(cluster) as [TestNode];
  cluster.drop = (envelope) => kindOf(envelope) === 'primary-read' && envelope.to.node === primary.name;
  const asked = asker.barrier(30_000);
  cluster.pass(300);
  assert.is(asked.answer, undefined);
  primary.crash();
  assert.is(answered(cluster, asked), 'ok');
});

barriers('are not confirmed by a primary that has lost its majority', () => {
  const cluster = founded();
  const primary = cluster.primary()!;
  cluster.isolate(primary.name);
  const asked = primary.barrier(4_000);
  assert.match(answered(cluster, asked), /^(no_quorum|timeout) not_applied$/);
});

barriers.run();

/** One run of random changes and barriers under loss, cuts and crashes. */
class Chaos {
  readonly cluster: Cluster;
  readonly answeredIds = new Set<string>();
  readonly topics = new Map<string, string>();
  #turn = 0;

  constructor(seed: string) {
    this.cluster = founded(seed);
    const { random } = this.cluster.loop;
    const loss = random.fork('loss');
    this.cluster.drop = () => loss.chance(0.05);
  }

  step(): void {
    const random = this.cluster.loop.random.fork(`step ${(this.#turn += 1)}`);
    const up = this.cluster.nodes().filter((node) => node.up);
    const node = up[random.below(up.length)]!;
    const dice = random.below(20);
    if (dice < 5) this.#create(node, random.chance(0.4) ? 250 : 8_000);
    else if (dice < 10) this.#register(node);
    else if (dice < 17) this.#barrier(node);
    else this.#disturb(random.below(4), node);
    this.cluster.pass(random.below(400));
  }

  #create(node: TestNode, deadlineMs: number): void {
    const name = `t${this.#turn}`;
    const asked = node.change({ kind: 'create-topic', name, partitions: 1 }, deadlineMs);
    this.#then(node, asked, (outcome) => this.topics.set(name, outcome));
  }

  #register(node: TestNode): void {
    const ready = [...this.topics].filter(([, outcome]) => outcome === 'ok');
    const topic = ready.at(-1)?.[0];
    if (topic === undefined) return;
    const producer = id(this.#turn);
    const asked = node.change({ kind: 'register-producer', id: producer, topic }, 8_000);
    this.#then(node, asked, (outcome) => {
      if (outcome === 'ok') this.answeredIds.add(producer);
    });
  }

  #barrier(node: TestNode): void {
    const before = [...this.answeredIds].map((each) => `producer ${each}`);
    for (const [name, outcome] of this.topics) if (outcome === 'ok') before.push(`topic ${name}`);
    const asked = node.barrier(8_000);
    this.#then(node, asked, (outcome) => {
      if (outcome !== 'ok') return;
      for (const what of before) {
        assert.ok(node.knows(what), `${node.name} does not know ${what} behind a barrier`);
      }
    });
  }

  #disturb(kind: number, node: TestNode): void {
    this.cluster.heal();
    for (const each of this.cluster.nodes()) if (!each.up) each.start();
    this.cluster.until('all are up', () => this.cluster.nodes().every((each) => each.up));
    if (kind === 0) node.crash();
    if (kind === 1) this.cluster.isolate(node.name);
    if (kind === 2) this.cluster.primary()?.crash();
  }

  /** Looks at the answer as soon as it is there; none comes from a node that died. */
  #then(node: TestNode, asked: Asked, look: (outcome: string) => void): void {
    const { generation } = node;
    const check = (): void => {
      if (node.generation !== generation) return;
      const outcome = outcomeOf(asked);
      if (outcome === undefined) this.cluster.loop.after(100, check);
      else look(outcome);
    };
    check();
  }

  end(): void {
    this.cluster.drop = () => false;
    this.#disturb(3, this.cluster.node('n1'));
    this.cluster.pass(10_000);
    this.cluster.until('all topics are ready', () =>
      this.cluster
        .nodes()
        .every(
          (node) =>
            node.manager()['leader'] !== undefined && (node.manager()['creating'] as string[]).length === 0,
        ),
    );
    for (const node of this.cluster.nodes()) assert.is(answered(this.cluster, node.barrier()), 'ok');
    for (const node of this.cluster.nodes()) {
      for (const [name, outcome] of this.topics) {
        if (outcome === 'ok') assert.ok(node.knows(`topic ${name}`));
        if (outcome.endsWith('not_applied')) assert.not(node.knows(`topic ${name}`), `${name}: ${outcome}`);
        assert.is.not(outcome.split(' ')[0], 'topic_exists');
      }
      for (const each of this.answeredIds) assert.ok(node.knows(`producer ${each}`));
    }
    this.cluster.until(
      'equal applied',
      () => new Set(this.cluster.nodes().map((node) => node.manager()['applied'])).size === 1,
    );
    assert.is(new Set(this.cluster.nodes().map((node) => node.stateHash())).size, 1);
  }
}

const chaos = suite('S2 S13 S14 under loss, cuts and crashes');

for (let seed = 1; seed <= 12; seed += 1) {
  chaos(`seed ${seed}`, () => {
    const run = new Chaos(`chaos ${seed}`);
    for (let step = 0; step < 60; step += 1) run.step();
    run.end();
    assert.ok([...run.topics.values()].includes('ok'));
  });
}

chaos.run();
