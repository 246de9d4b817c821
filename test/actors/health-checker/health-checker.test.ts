// HealthChecker: three silent rounds mean dead, an answer means alive, and the manager hears it until the directory agrees.
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HealthChecker } from '../../../src/actors/health-checker/index.ts';
import type {
  HealthCheckerMessage,
  Probe,
  ProbeAnswer,
} from '../../../src/actors/health-checker/messages.ts';
import { Pulse } from '../../../src/actors/health-checker/pulse.ts';
import type { BrokerHealth, ManagerMessage } from '../../../src/actors/manager/messages.ts';
import type { Broker } from '../../../src/directory/index.ts';
import { defaultLimits } from '@callboard/client/protocol';
import { refTo, type Ref } from '../../../src/kernel/index.ts';
import { actorOf, newKit, type Kit } from '../../kernel/kit.ts';
import { id } from '../../directory/machines.ts';
import { Cluster } from '../manager/cluster.ts';
import { assertProperty } from '../../lib/properties.ts';

const round = defaultLimits.healthProbeMs;

class Bench {
  readonly kit: Kit = newKit();
  readonly checker: Ref<HealthCheckerMessage>;
  readonly findings: BrokerHealth[] = [];
  subscriptions = 0;

  constructor() {
    this.manager();
    this.checker = this.kit.system.spawn(
      'health-checker',
      () => new HealthChecker({ node: 'n1', replica: id(9), limits: defaultLimits }),
    );
    this.kit.settle();
  }

  manager(): Ref<ManagerMessage> {
    return this.kit.system.spawn<ManagerMessage>(
      'manager',
      actorOf((message) => {
        if (message.kind === 'broker-health') this.findings.push(message);
        if (message.kind === 'directory-subscribe') this.subscriptions += 1;
      }),
    );
  }

  broker(name: string, alive: boolean, hasNode = true): void {
    const broker: Broker = {
      name,
      replica: hasNode ? id(1) : undefined,
      url: 'http://h:1',
      alive,
      deactivated: false,
      leaving: false,
    };
    this.tell({ kind: 'directory-events', events: [{ kind: 'broker', broker }] });
  }

  tell(message: HealthCheckerMessage): void {
    this.kit.system.send(this.checker, message, 'control');
    this.kit.settle();
  }

  /** One round; the probes that it sent. */
  round(): Probe[] {
    this.kit.sent.length = 0;
    this.kit.pass(round);
    return this.kit.sent.map(({ message }) => message as Probe);
  }

  /** `skewMs`: how far the other node's clock is ahead. */
  answer(probe: Probe, fromNode = 'n2', replica = id(1), skewMs = 0): void {
    const wallTimeMs = this.kit.clock.wallTime() + skewMs;
    const answer: ProbeAnswer = { kind: 'probe-answer', fromNode, replica, round: probe.round, wallTimeMs };
    this.tell(answer);
  }

  /** What it finds of other nodes' clocks, in seconds. */
  skews(): readonly (number | undefined)[] {
    const [report] = this.kit.system.inspect().filter(({ id: actor }) => actor === 'health-checker');
    const { nodes } = report?.details as { nodes: readonly { clockSkewMs?: number }[] };
    return nodes.map(({ clockSkewMs }) =>
      clockSkewMs === undefined ? undefined : Math.round(clockSkewMs / 1_000),
    );
  }

  found(): string[] {
    return this.findings.map(({ broker, alive }) => `${broker} ${alive ? 'alive' : 'dead'}`);
  }
}

const checker = suite('S17 health');

checker('probes the other brokers that have a node, and nobody else', () => {
  const bench = new Bench();
  bench.broker('n1', true);
  bench.broker('n2', true);
  bench.broker('ghost', false, false);
  bench.tell({ kind: 'directory-events', events: [{ kind: 'producer', id: id(3), topic: 't' }] });
  bench.round();
  assert.equal(
    bench.kit.sent.map(({ to }) => `${to.node}/${to.id}`),
    ['n2/health-checker'],
  );
});

checker('says dead after three silent rounds, not before', () => {
  const bench = new Bench();
  bench.broker('n2', true);
  for (const expected of [[], [], [], ['n2 dead'], ['n2 dead', 'n2 dead']]) {
    bench.round();
    assert.equal(bench.found(), expected);
  }
});

checker('begins to count anew with each answer', () => {
  const bench = new Bench();
  bench.broker('n2', true);
  for (let n = 0; n < 6; n += 1) {
    bench.round();
    bench.round();
    bench.answer(bench.round()[0]!);
  }
  assert.equal(bench.found(), []);
});

checker('says alive again after one answer, and repeats itself only while the directory differs', () => {
  const bench = new Bench();
  bench.broker('n2', true);
  for (let n = 0; n < 4; n += 1) bench.round();
  assert.equal(bench.found(), ['n2 dead']);
  bench.broker('n2', false);
  const [probe] = bench.round();
  assert.equal(bench.found(), ['n2 dead']);
  bench.answer(probe!);
  bench.round();
  assert.equal(bench.found(), ['n2 dead', 'n2 alive']);
  bench.broker('n2', true);
  bench.round();
  assert.is(bench.findings.length, 2);
});

checker(
  'takes no sign of life from an answer that is older than a death, or to a probe that it never sent',
  () => {
    const bench = new Bench();
    bench.broker('n2', true);
    const [old] = bench.round();
    for (let n = 0; n < 3; n += 1) bench.round();
    bench.broker('n2', false);
    bench.answer(old!);
    bench.answer({ ...old!, round: old!.round + 100 });
    bench.answer(old!, 'stranger');
    bench.round();
    assert.equal(bench.found(), ['n2 dead']);
  },
);

checker('takes an answer from another journal for a death, and says which journal is lost', () => {
  const bench = new Bench();
  bench.broker('n2', true);
  for (const expected of [[], [], [], ['n2 dead']]) {
    const [probe] = bench.round();
    assert.equal(
      bench.found().filter((_, at) => bench.findings[at]?.lost === undefined),
      expected,
    );
    bench.answer(probe!, 'n2', id(2));
  }
  const lost = bench.findings.filter((finding) => finding.lost !== undefined);
  assert.is(lost.length, 4);
  assert.ok(lost.every((finding) => finding.lost === id(1) && !finding.alive));
  // Late ones say nothing of now.
  const [old] = bench.round();
  for (let n = 0; n < 3; n += 1) bench.round();
  bench.answer(old!, 'n2', id(2));
  assert.is(bench.findings.filter((finding) => finding.lost !== undefined).length, 4);
});

checker('counts a late tick as one round', () => {
  const bench = new Bench();
  bench.broker('n2', true);
  bench.round();
  bench.kit.clock.stall(20 * round);
  bench.kit.pass(20 * round + 1);
  assert.equal(bench.found(), []);
});

checker('answers probes with their round', () => {
  const bench = new Bench();
  bench.tell({ kind: 'probe', fromNode: 'n3', round: 9 });
  const [envelope] = bench.kit.sent;
  const { wallTimeMs } = envelope?.message as ProbeAnswer;
  assert.ok(Math.abs(wallTimeMs - bench.kit.clock.wallTime()) < 10);
  assert.equal(envelope?.message, {
    kind: 'probe-answer',
    fromNode: 'n1',
    replica: id(9),
    round: 9,
    wallTimeMs,
  });
  assert.is(envelope?.to.node, 'n3');
});

checker(
  'finds a clock that is a minute off, either way, until it is right again; not by an old answer',
  () => {
    const bench = new Bench();
    bench.broker('n2', true);
    const minute = 60_000;
    for (const [skewMs, found] of [
      [0, undefined],
      [minute - 1_000, undefined],
      [-20 * minute, -1_200],
      [24 * 60 * minute, 86_400],
      [-1, undefined],
    ] as const) {
      const [probe] = bench.round();
      bench.answer(probe!, 'n2', id(1), skewMs);
      assert.equal(bench.skews(), [found]);
    }
    const [old] = bench.round();
    bench.round();
    bench.answer(old!, 'n2', id(1), 20 * minute);
    assert.equal(bench.skews(), [undefined]);
  },
);

checker('subscribes again when the manager has ended', () => {
  const bench = new Bench();
  assert.is(bench.subscriptions, 1);
  bench.kit.system.stop(refTo('n1', 'manager'));
  bench.round();
  bench.manager();
  bench.round();
  assert.is(bench.subscriptions, 2);
  bench.round();
  assert.is(bench.subscriptions, 2);
});

checker.run();

const pulse = suite('a pulse');

pulse('is dead exactly when the last rounds were all silent', () => {
  assertProperty(
    fc.property(
      fc.array(fc.boolean(), { maxLength: 30 }),
      fc.integer({ min: 1, max: 4 }),
      (answers, most) => {
        const tested = new Pulse(most);
        answers.forEach((answered, at) => {
          tested.ask(at);
          if (answered) tested.answer(at, at);
        });
        tested.ask(answers.length);
        const silent = answers.length >= most && answers.slice(-most).every((answered) => !answered);
        assert.is(tested.alive, silent ? false : answers.includes(true) ? true : undefined);
      },
    ),
  );
});

pulse.run();

const together = suite('S17 health in a cluster');

function aliveIn(cluster: Cluster, on: string, broker: string): boolean | undefined {
  const told = cluster.node(on).last(`broker ${broker}`);
  return told?.kind === 'broker' ? told.broker.alive : undefined;
}

together('finds every node that dies, the primary too, and finds it again', () => {
  const cluster = new Cluster().startAll();
  cluster.untilFounded();
  for (const dead of cluster.nodes()) {
    const others = cluster.names.filter((name) => name !== dead.name);
    dead.crash();
    cluster.until(`${dead.name} is found dead`, () =>
      others.every((name) => aliveIn(cluster, name, dead.name) === false),
    );
    dead.start();
    cluster.until(`${dead.name} is found alive`, () =>
      cluster.names.every((name) => aliveIn(cluster, name, dead.name) === true),
    );
  }
});

together('lets the next primary finish what the last one found', () => {
  const cluster = new Cluster().startAll();
  cluster.untilFounded();
  const primary = cluster.primary()!;
  const [dead, last] = cluster.nodes().filter((node) => node !== primary);
  dead!.crash();
  cluster.pass(1_200);
  primary.crash();
  primary.start();
  cluster.until('the dead one is found', () => aliveIn(cluster, last!.name, dead!.name) === false);
  cluster.until('the other is not', () => aliveIn(cluster, last!.name, primary.name) === true);
});

together('brings back a primary that was taken for dead: no checker probes itself', () => {
  const cluster = new Cluster().startAll();
  cluster.untilFounded();
  const primary = cluster.primary()!;
  const [next, other] = cluster.nodes().filter((node) => node !== primary);
  const isRaft = (message: unknown, kind: string): boolean =>
    (message as { readonly message?: { readonly kind?: string } }).message?.kind === kind;
  cluster.drop = ({ from, message }) => {
    const { kind } = message as { readonly kind: string };
    // Taken for dead for want of answers; and the other one cannot win an election.
    return (
      (from.node === next!.name && kind === 'probe-answer') ||
      (from.node === other!.name && isRaft(message, 'pre-vote'))
    );
  };
  cluster.until('it is taken for dead', () => aliveIn(cluster, other!.name, next!.name) === false);
  primary.crash();
  cluster.until('it leads', () => next!.manager()['role'] === 'leader');
  cluster.until('it is alive', () => aliveIn(cluster, other!.name, next!.name) === true);
});

together('does not bring back what an admin has deactivated', () => {
  const cluster = new Cluster().startAll();
  cluster.untilFounded();
  const asked = cluster.node('n1').change({ kind: 'admin', action: 'deactivate', broker: 'n3' });
  cluster.until('an answer', () => asked.answer !== undefined);
  cluster.node('n3').crash();
  cluster.until('it is dead', () => aliveIn(cluster, 'n1', 'n3') === false);
  cluster.node('n3').start();
  cluster.until('it is alive', () => aliveIn(cluster, 'n1', 'n3') === true);
  const told = cluster.node('n1').last('broker n3');
  assert.is(told?.kind === 'broker' && told.broker.deactivated, true);
});

together.run();
