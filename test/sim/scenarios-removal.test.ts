// timeout: 240 s
/** Directed runs about removed topics (S24): five nodes, and the removal meets a split or nodes that are gone. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultLimits, type CallError } from '@callboard/client/protocol';
import type { Call, CallValue } from '../../src/actors/gateway/messages.ts';
import { managerActorId } from '../../src/actors/manager/messages.ts';
import type { SimNode } from '../../sim/node.ts';
import type { Settings } from '../../sim/settings.ts';
import { oneRecordChunk } from '../../sim/workload/one-record.ts';
import type { World } from '../../sim/world.ts';
import { full } from '../lib/effort.ts';
import { play, type Stage } from './scenario.ts';

const name = 'short-lived';

function five(settings: Settings): Settings {
  const nodes = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5'];
  return { ...settings, nodes, workload: { ...settings.workload, thinkMs: 500 } };
}

type Then = (value: CallValue | undefined, error: CallError | undefined) => void;

function call(node: SimNode, asked: Call, then: Then): void {
  assert.ok(node.door, `${node.name} is down`);
  node.door.call(asked, then);
}

/** The topic's one group, its members, and the nodes on either side of a split that leaves two of them together. */
interface Cast {
  readonly group: number;
  readonly pair: readonly SimNode[];
  readonly rest: readonly SimNode[];
}

function castOf(world: World): Cast {
  const groups = world.nodes.map(({ door }) => door?.topics.get(name)?.partitions[0]?.group ?? 0);
  const group = Math.max(...groups);
  world.checks.removals.created(name, [group]);
  const members = world.checks.promises.members(group);
  const pair = world.nodes.filter((node) => members.slice(1).includes(node.name));
  return { group, pair, rest: world.nodes.filter((node) => !pair.includes(node)) };
}

function create(node: SimNode, then: Then): void {
  call(node, { op: 'create-topic', name, partitions: 1 }, then);
}

/** The answer's error, or `ok`; what is answered goes into the checker's books. */
function remove({ world }: Stage, node: SimNode, group: number, then: (how: string) => void): void {
  call(node, { op: 'remove-topic', name }, (value, error) => {
    if (value !== undefined) world.checks.removals.removed(name, [group], world.nowMicros);
    then(value === undefined ? `${error?.code} ${error?.outcome}` : 'ok');
  });
}

let records = 5_000_000;

/** A client that knows the replicas goes on producing to them, every 100 ms until then. */
function insist({ world, at }: Stage, { group, pair }: Cast, untilMs: number, acked: () => void): void {
  if (world.nowMicros > untilMs * 1_000) return;
  for (const node of pair) {
    records += 1;
    const record = { id: records, client: 'insists', groups: [group], ordered: false, bytes: 8 };
    const startMicros = world.nowMicros;
    const producerId = new Uint8Array(16).fill(7);
    new DataView(producerId.buffer).setUint32(0, records);
    const chunk = oneRecordChunk({ ...record, producerId, timestamp: node.clock?.wallTime() ?? 1 });
    world.checks.records.attempt(record, startMicros);
    node.door?.request(node.name, group, { kind: 'produce', acks: 'quorum', chunk }, (answer) => {
      if (answer.kind !== 'produced') return;
      world.checks.records.answered(
        record.id,
        'applied',
        { group, offset: answer.baseOffset },
        world.nowMicros,
      );
      world.checks.removals.served('produce', group, startMicros, node.name);
      acked();
    });
  }
  at(100, () => insist({ world, at } as Stage, { group, pair } as Cast, untilMs, acked));
}

function split({ world }: Stage, { pair, rest }: Cast): () => void {
  const ways = pair.flatMap((one) =>
    rest.flatMap((other) => {
      const link = world.network.link(one.name, other.name);
      return link.directions().map((direction) => ({ link, direction }));
    }),
  );
  for (const { link, direction } of ways) link.cut(direction);
  return () => {
    for (const { link, direction } of ways) link.mend(direction);
  };
}

test('S24: a removal is not answered while a majority of a partition is cut off together, and its name is not free', () => {
  play(
    'removal in a split',
    (stage) => {
      const { world, at } = stage;
      const seen: string[] = [];
      at(8_000, () => {
        const [asker] = world.nodes;
        assert.ok(asker);
        create(asker, (made, error) => assert.ok(made, error?.message));
      });
      at(12_000, () => {
        const cast = castOf(world);
        const { group, pair, rest } = cast;
        const mend = split(stage, cast);
        const [one, other] = rest;
        assert.ok(one !== undefined && other !== undefined && pair.length === 2);
        let acknowledged = 0;
        let ended = false;
        // Dead brokers have been noticed, and the two have a leader of their own.
        at(6_000, () => {
          insist(stage, cast, 45_000, () => {
            acknowledged += 1;
            assert.not(ended, 'the group acknowledges after its end');
          });
          remove(stage, one, group, (how) => seen.push(`removal ${how}`));
        });
        at(12_000, () => create(other, (made, error) => seen.push(`creation ${made ? 'ok' : error?.code}`)));
        // A repeat joins, and is answered by the healing.
        at(12_500, () =>
          remove(stage, other, group, (how) => {
            seen.push(`removal ${how}`);
            ended = true;
          }),
        );
        at(14_000, () => {
          assert.ok(acknowledged > 20, `only ${acknowledged} records acknowledged by the two`);
          mend();
        });
        at(20_000, () => create(one, (made, error) => seen.push(`creation ${made ? 'ok' : error?.code}`)));
        at(30_000, () => {
          const expected = [
            'removal timeout unknown',
            'creation topic_deleting',
            'removal ok',
            'creation ok',
          ];
          assert.ok(seen.join() === expected.join(), seen.join());
        });
      });
    },
    five,
  );
});

test('S24: a removal is forced without nodes that are gone, when an admin has removed them and not before', () => {
  play(
    'removal without two',
    (stage) => {
      const { world, at } = stage;
      const seen: string[] = [];
      at(8_000, () => {
        const [asker] = world.nodes;
        assert.ok(asker);
        create(asker, (made, error) => assert.ok(made, error?.message));
      });
      at(12_000, () => {
        const { group, pair, rest } = castOf(world);
        const [one, other] = rest;
        assert.ok(one !== undefined && other !== undefined);
        for (const node of pair) node.crash(true);
        const force = (node: SimNode): void =>
          call(node, { op: 'remove-topic', name, force: true }, (value, error) => {
            if (value) world.checks.removals.removed(name, [group], world.nowMicros);
            seen.push(value ? 'ok' : `${error?.code} ${error?.outcome}`);
          });
        const drop = (node: SimNode | undefined): void =>
          call(one, { op: 'admin', action: 'remove', broker: node?.name ?? '' }, (value) => assert.ok(value));
        // Of a topic that stands it forces nothing.
        at(5_000, () => force(one));
        at(11_000, () => force(other));
        at(12_000, () => drop(pair[0]));
        at(14_000, () => force(other));
        at(15_000, () => drop(pair[1]));
        at(17_000, () => {
          const gone = pair.map((dead) => dead.name);
          world.checks.removals.giveUp([group], gone);
          force(one);
        });
        at(18_000, () => create(other, (made, error) => seen.push(`creation ${made ? 'ok' : error?.code}`)));
        at(24_000, () => {
          const refused = 'broker_not_removed not_applied';
          const expected = ['timeout unknown', refused, refused, 'ok', 'creation ok'];
          assert.ok(seen.join() === expected.join(), seen.join());
          for (const node of pair) node.start();
        });
      });
    },
    five,
  );
});

/** A topic of as many partitions as one may have is made and removed; all nodes are killed on the way and start in the middle of it. */
function removeMany(topics: number, killAfterMs: number): void {
  play(
    `removal of ${topics} large topics, kill after ${killAfterMs}`,
    (stage) => {
      const { world, at, plan } = stage;
      const names = Array.from({ length: topics }, (_, n) => `large-${n}`);
      const partitions = defaultLimits.topicPartitions;
      const [node] = world.nodes;
      assert.ok(node);
      const ready = (): number => names.filter((one) => node.door?.topics.has(one) === true).length;
      const within = (ms: number, what: string, holds: () => boolean, then: () => void): void => {
        assert.ok(ms > 0, `still waiting: ${what}`);
        if (holds()) then();
        else at(200, () => within(ms - 200, what, holds, then));
      };
      at(3_000, () => {
        for (const one of names) {
          call(node, { op: 'create-topic', name: one, partitions }, () => undefined);
        }
        within(
          30_000,
          'the topics',
          () => ready() === topics,
          () => {
            for (const one of names) call(node, { op: 'remove-topic', name: one }, () => undefined);
            at(killAfterMs, () => {
              const left = world.nodes.map(({ store }) => store?.replicas().length ?? 0);
              assert.ok(Math.max(...left) > 3, 'the kill comes too late');
              for (const other of world.nodes) {
                other.crash(false);
                plan.restartAfter(500, other);
              }
            });
            const gone = (): boolean =>
              world.nodes.every(({ store, system }) => {
                const details = system?.inspectOne(managerActorId)?.details;
                const deleting = details?.['deleting'] as readonly unknown[] | undefined;
                const isListed = details?.['leader'] === undefined || deleting?.length !== 0;
                return store !== undefined && !isListed && store.replicas().length <= 3;
              });
            at(killAfterMs + 1_000, () => within(30_000, 'the end of all', gone, () => undefined));
          },
        );
      });
    },
    (settings) => ({
      ...settings,
      minutes: topics > 1 ? 2 : 1,
      workload: { ...settings.workload, thinkMs: 1_000 },
    }),
    1,
  );
}

test('a topic of 1,000 partitions is made and removed without a flood, through a restart too', () => {
  removeMany(1, 30);
});

if (full) {
  test('5,000 partitions in all are made and removed without a flood, through restarts at any time', () => {
    for (const killAfterMs of [5, 30, 60]) removeMany(5, killAfterMs);
  });
}

test.run();
