// S16 and S17: who holds the replicas of new partitions. The real thing against a twin that is too simple to be wrong.
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { placePartitions, type Candidate } from '../../src/directory/placement.ts';
import { assertProperty } from '../lib/properties.ts';

type Placed = readonly (readonly { readonly node: string; readonly replica: string }[])[] | undefined;

/** Sorts everything anew for each partition. */
function twin(candidates: readonly Candidate[], partitions: number, factor: number): Placed {
  const slots = candidates.map((candidate) => ({ ...candidate }));
  const out: { node: string; replica: string }[][] = [];
  for (let p = 0; p < partitions; p += 1) {
    const byLoad = slots.toSorted((a, b) => a.replicas - b.replicas || (a.node < b.node ? -1 : 1));
    const chosen = [...byLoad.filter((s) => s.active), ...byLoad.filter((s) => !s.active)].slice(0, factor);
    if (chosen.length < factor) return undefined;
    if (chosen.filter((s) => s.active).length <= factor / 2) return undefined;
    chosen.sort(
      (a, b) => Number(b.active) - Number(a.active) || a.leads - b.leads || (a.node < b.node ? -1 : 1),
    );
    for (const slot of chosen) slot.replicas += 1;
    chosen[0]!.leads += 1;
    out.push(chosen.map(({ node, replica }) => ({ node, replica })));
  }
  return out;
}

const candidates: fc.Arbitrary<Candidate[]> = fc
  .uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 9 })
  .chain((numbers) =>
    fc.tuple(
      ...numbers.map((n) =>
        fc.record({
          node: fc.constant(`n${n}`),
          replica: fc.constant(`r${n}`),
          active: fc.boolean(),
          replicas: fc.integer({ min: 0, max: 12 }),
          leads: fc.integer({ min: 0, max: 5 }),
        }),
      ),
    ),
  );

function fresh(count: number): Candidate[] {
  return Array.from({ length: count }, (_, n) => ({
    node: `n${n}`,
    replica: `r${n}`,
    active: true,
    replicas: 0,
    leads: 0,
  }));
}

const placement = suite('S16 placement');

placement('agrees with its dumb twin', () => {
  assertProperty(
    fc.property(
      candidates,
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom(1, 3, 5),
      (of, partitions, factor) => {
        assert.equal(placePartitions(of, partitions, factor), twin(of, partitions, factor));
      },
    ),
    { numRuns: 2_000 },
  );
});

placement(
  'puts the replicas of a partition on distinct nodes, most of them active, an active one first',
  () => {
    assertProperty(
      fc.property(
        candidates,
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom(1, 3, 5),
        (of, partitions, factor) => {
          const active = new Set(of.filter((one) => one.active).map((one) => one.node));
          for (const replicas of placePartitions(of, partitions, factor) ?? []) {
            assert.is(new Set(replicas.map((one) => one.node)).size, factor);
            assert.ok(2 * replicas.filter((one) => active.has(one.node)).length > factor);
            assert.ok(active.has(replicas[0]!.node));
          }
        },
      ),
    );
  },
);

placement('uses an inactive broker only when the active ones do not suffice', () => {
  assertProperty(
    fc.property(candidates, fc.integer({ min: 1, max: 5 }), (of, partitions) => {
      const active = of.filter((one) => one.active);
      if (active.length < 3) return;
      const names = new Set(active.map((one) => one.node));
      for (const replicas of placePartitions(of, partitions, 3) ?? []) {
        for (const replica of replicas) assert.ok(names.has(replica.node));
      }
    }),
  );
});

placement('loads fresh brokers and their leaderships evenly, within one', () => {
  assertProperty(
    fc.property(fc.integer({ min: 3, max: 8 }), fc.integer({ min: 1, max: 60 }), (brokers, partitions) => {
      const placed = placePartitions(fresh(brokers), partitions, 3)!;
      const holds = new Map<string, number>(fresh(brokers).map((one) => [one.node, 0]));
      for (const replicas of placed) {
        for (const { node } of replicas) holds.set(node, holds.get(node)! + 1);
      }
      assert.ok(Math.max(...holds.values()) - Math.min(...holds.values()) <= 1);
    }),
  );
});

placement('gives each of three brokers the same number of leaderships', () => {
  const leads = new Map<string, number>();
  for (const [first] of placePartitions(fresh(3), 9, 3)!) {
    leads.set(first!.node, (leads.get(first!.node) ?? 0) + 1);
  }
  assert.equal([...leads.values()], [3, 3, 3]);
});

placement(
  'refuses when fewer brokers than replicas are there, or no majority of them would be active',
  () => {
    assert.is(placePartitions(fresh(2), 1, 3), undefined);
    const oneActive = fresh(3).map((one, n) => ({ ...one, active: n === 0 }));
    assert.is(placePartitions(oneActive, 1, 3), undefined);
    const twoActive = fresh(3).map((one, n) => ({ ...one, active: n !== 0 }));
    assert.equal(
      placePartitions(twoActive, 1, 3)?.[0]?.map((one) => one.node),
      ['n1', 'n2', 'n0'],
    );
    assert.is(placePartitions([{ ...fresh(1)[0]!, active: false }], 1, 1), undefined);
  },
);

placement.run();
