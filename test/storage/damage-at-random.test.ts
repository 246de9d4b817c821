// Lives of random length, each ended by a crash and a damage: never a clean verdict with something lost.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { repeats } from '../lib/effort.ts';
import { TestNode } from './kit.ts';
import { JournalLostError, Workload, live } from './workload.ts';

const test = suite('damage at random');

interface Chaos {
  readonly power: () => boolean;
  readonly fault: (node: TestNode) => void;
  /** Nothing may be found damaged. */
  readonly harmless?: boolean;
}

/** Lives of random length, each ended by a crash and followed by at most one damage. */
function chaos(name: string, mostSeeds: number, { power, fault, harmless = false }: Chaos): void {
  const seeds = repeats(mostSeeds / 4, mostSeeds);
  test(`at random: ${name}`, () => {
    let damaged = 0;
    let healed = 0;
    let lost = 0;
    for (let seed = 0; seed < seeds; seed += 1) {
      const node = new TestNode(`${name}-${String(seed)}`);
      const state = { faulty: false, startsAtFault: 0 };
      const workload = new Workload({ node, seed, store: { journalBytes: 900 }, faults: () => state.faulty });
      for (let life = 0; life < 10; life += 1) {
        try {
          live(node, workload, 15, node.random.below(200));
        } catch (error) {
          if (!(error instanceof JournalLostError)) throw error;
          lost += 1;
          break;
        }
        node.crash(power());
        // One damage at a time: the next comes only after a start that could repair this one.
        const repaired = workload.stats.starts > state.startsAtFault;
        if (repaired && node.random.chance(0.6)) {
          fault(node);
          state.faulty = !harmless;
          state.startsAtFault = workload.stats.starts;
        }
      }
      damaged += workload.stats.damaged;
      healed += workload.stats.healed;
    }
    assert.ok(harmless ? damaged === 0 : damaged > seeds / 4, `${String(damaged)} damaged`);
    // A record that was being written to the second file when the power went, and is damaged in the first, cannot be
    // told from one that is damaged in both; the careful reading costs a replica its place now and then (1 in 35 over 600 seeds).
    assert.ok(lost <= (harmless ? seeds / 20 : 0), `${String(lost)} journals lost`);
    assert.ok(harmless || healed > 0);
  });
}

const pick = (node: TestNode, ...faults: readonly (() => void)[]): void => node.random.pick(faults)();

chaos('damage to the engine, processes die', 80, {
  power: () => false,
  fault: (node) => {
    const { engine } = node.storage;
    pick(
      node,
      () => void engine.loseTail(1 + node.random.below(6)),
      () => void engine.makeHole(),
      () => void engine.makeBatchHole(),
      () => void engine.flipBit(),
      () => void engine.returnOlder(),
      () => engine.breakOpen(),
    );
  },
});

chaos('damage to one journal file and the engine, processes die', 80, {
  power: () => false,
  fault: (node) => {
    const { engine, files } = node.storage;
    const name = node.random.chance(0.5) ? 'journal-1' : 'journal-2';
    pick(
      node,
      () => void files.flipBit(name),
      () => void files.truncate(name, node.random.below(1_000)),
      () => void files.remove(name),
      () => void engine.loseTail(1 + node.random.below(6)),
    );
  },
});

chaos('damage to one journal file, the power goes', 120, {
  power: () => true,
  harmless: true,
  fault: (node) => {
    const { files } = node.storage;
    const name = node.random.chance(0.5) ? 'journal-1' : 'journal-2';
    pick(
      node,
      () => void files.flipBit(name),
      () => void files.truncate(name, node.random.below(1_000)),
      () => void files.remove(name),
    );
  },
});

chaos('damage to the engine, the power goes', 200, {
  power: () => true,
  fault: (node) => {
    const { engine } = node.storage;
    pick(
      node,
      () => void engine.makeHole(),
      () => void engine.makeBatchHole(),
      () => void engine.flipBit(),
      () => void engine.returnOlder(),
      () => engine.breakOpen(),
    );
  },
});

test.run();
