// What is forgiven of topics in memory and of wiped disks, and what is not.
import { firstOffsetOf, groupId } from '@callboard/client/protocol';
import { test } from 'uvu';
import type { Topic } from '../../src/directory/index.ts';
import { GenerationChecker } from '../../sim/checkers/generations.ts';
import { DurabilityChecker } from '../../sim/checkers/durability.ts';
import { Promises } from '../../sim/checkers/promises.ts';
import { RecordChecker } from '../../sim/checkers/records.ts';
import { judge } from './histories.ts';

const nodes = ['a', 'b', 'c'];
const placed = nodes.map((node) => ({ node, replica: `${node}1` }));

function topic(group: number, generation = 0, storage: 'memory' | 'disk' = 'memory'): Topic {
  const anew = generation === 0 ? {} : { generation };
  return {
    name: 't',
    state: 'ready',
    storage,
    partitions: [{ group: groupId(group), ...anew, replicas: placed }],
  };
}

/** One partition in memory on three nodes. */
class Bench {
  readonly generations: GenerationChecker;
  readonly promises: Promises;
  readonly durability: DurabilityChecker;
  readonly records: RecordChecker;
  now = 0;

  constructor(report: (text: string) => void) {
    this.promises = new Promises(() => undefined, report);
    this.generations = new GenerationChecker(
      {
        gone: (group) => this.promises.gone(group),
        members: (group) => this.promises.members(group),
        nowMicros: () => this.now,
      },
      report,
      (lost) => this.promises.lose(lost.group),
    );
    const readDisk = (): undefined => undefined;
    this.durability = new DurabilityChecker({
      promises: this.promises,
      readDisk,
      committed: () => [0],
      excused: () => true,
      report,
    });
    this.records = new RecordChecker(report, this.generations);
    for (const { node, replica } of placed) this.promises.journal(node, replica);
    this.promises.born('a', 1, placed, true);
    this.generations.topic(topic(1));
  }

  /** Its process ends, and what it has in memory is gone. */
  kill(...ended: readonly string[]): void {
    for (const node of ended) this.promises.processEnded(node);
  }

  open(node: string, verdict: 'clean' | 'damaged'): void {
    const hard = { term: 0, vote: undefined };
    this.promises.opened(node, 1, { verdict, owedKnown: true, hard, tailIndex: 0 }, false);
  }

  heal(node: string): void {
    const part = { truncateFrom: undefined, entries: [], hard: undefined, tailIndex: 0 };
    this.promises.written(node, { group: 1, ...part, healed: true });
  }

  beginAnew(group = 2, generation = 1): void {
    this.promises.born('a', group, placed, true);
    this.generations.topic(topic(group, generation));
  }

  store(group: number, offset: number, id: number): void {
    this.records.attempt({ id, client: 'p', groups: [1], ordered: false, bytes: 8 }, this.now);
    this.records.stored(group, offset, id, 8);
    this.records.answered(id, 'applied', { group, offset }, this.now + 1);
  }
}

const first = firstOffsetOf(1);

judge<Bench>('generation', {
  make: (report) => new Bench(report),
  good: {
    'a loss of a majority, after which records are stored again above all others': (bench) => {
      bench.store(1, 0, 1);
      bench.generations.wrote(1, 1);
      bench.kill('a', 'b');
      bench.beginAnew();
      bench.now = 10;
      bench.store(2, first, 1);
      bench.store(2, first + 1, 2);
      bench.generations.told('a', [{ name: 't', groups: [2], losses: 1 }]);
    },
    'a copy that came back empty and healed before the next one went': (bench) => {
      bench.kill('a');
      bench.open('a', 'damaged');
      bench.heal('a');
      bench.kill('b');
      bench.open('b', 'damaged');
    },
    'a copy that gave itself up while the write that healed it was under way': (bench) => {
      bench.kill('a', 'b');
      bench.open('a', 'damaged');
      bench.promises.gaveUp('a', 1);
      bench.heal('a');
      bench.beginAnew();
    },
    'a wiped disk beside a lost copy': (bench) => {
      bench.promises.journal('c', '');
      bench.kill('a');
      bench.beginAnew();
    },
    'an ack of what was sent before the loss': (bench) => {
      const sent = { id: 1, client: 'p', groups: [1], ordered: false, bytes: 8 };
      bench.records.attempt(sent, 0);
      bench.records.stored(1, 0, 1, 8);
      bench.now = 5;
      bench.kill('a', 'b');
      bench.beginAnew();
      bench.records.answered(1, 'applied', { group: 1, offset: 0 }, 6);
    },
  },
  bad: {
    'a loss with only a minority gone': [
      /with only a gone of a,b,c/,
      (bench) => {
        bench.kill('a');
        bench.beginAnew();
      },
    ],
    'a loss after one of the copies had healed': [
      /with only b gone/,
      (bench) => {
        bench.kill('a', 'b');
        bench.open('a', 'damaged');
        bench.heal('a');
        bench.beginAnew();
      },
    ],
    'a loss after one that gave itself up was opened again and healed': [
      /with only b gone/,
      (bench) => {
        bench.kill('a', 'b');
        bench.open('a', 'damaged');
        bench.promises.gaveUp('a', 1);
        bench.open('a', 'damaged');
        bench.heal('a');
        bench.beginAnew();
      },
    ],
    'a loss after one of the copies was found whole': [
      /with only b gone/,
      (bench) => {
        bench.kill('a', 'b');
        bench.open('a', 'clean');
        bench.beginAnew();
      },
    ],
    'an offset that was used before': [
      /begins at offset \d+, but \d+ was used before/,
      (bench) => {
        bench.generations.wrote(1, first + 5);
        bench.kill('a', 'b');
        bench.beginAnew();
      },
    ],
    'an offset below those of the generation before': [
      /although 0 was acknowledged before it was sent/,
      (bench) => {
        bench.store(1, 0, 1);
        bench.kill('a', 'b');
        bench.beginAnew();
        bench.now = 10;
        bench.store(2, -1, 2);
      },
    ],
    'an ack of what was sent after the loss': [
      /had been lost before it was sent/,
      (bench) => {
        bench.kill('a', 'b');
        bench.beginAnew();
        bench.now = 10;
        bench.store(1, 0, 1);
      },
    ],
    'a record that is stored twice in one generation': [
      /stored twice/,
      (bench) => {
        bench.kill('a', 'b');
        bench.beginAnew();
        bench.store(2, first, 1);
        bench.records.stored(2, first + 1, 1, 8);
      },
    ],
    'a copy that heals after its group was given up': [
      /healed in group 1 after its loss/,
      (bench) => {
        bench.kill('a', 'b');
        bench.beginAnew();
        bench.heal('a');
      },
    ],
    'a loss that is not said': [
      /had 0 losses, it had 1/,
      (bench) => {
        bench.kill('a', 'b');
        bench.beginAnew();
        bench.generations.told('c', [{ name: 't', groups: [2], losses: 0 }]);
      },
    ],
    'a generation that leaves one out': [
      /generation 2 of a partition that was not there/,
      (bench) => {
        bench.kill('a', 'b');
        bench.beginAnew(2, 2);
      },
    ],
    'a partition on disk that is begun anew': [
      /although it is on disk/,
      (bench) => {
        bench.promises.born('a', 3, placed);
        bench.generations.topic({ ...topic(3, 0, 'disk'), name: 'd' });
        bench.generations.topic({ ...topic(4, 1, 'disk'), name: 'd' });
      },
    ],
    'a copy in memory that is found damaged in the process that holds it': [
      /damaged although no fault/,
      (bench) => bench.open('a', 'damaged'),
    ],
  },
});

judge<Bench>('wiped disk', {
  make: (report) => new Bench(report),
  good: {
    'a node that comes back under another journal and stays out': (bench) => {
      bench.promises.journal('c', '');
      bench.promises.journal('c', 'c2');
    },
    'the others, which go on': (bench) => {
      bench.promises.journal('c', 'c2');
      bench.durability.acked('a', 1, 0);
    },
    'a group that was placed on its new journal': (bench) => {
      bench.promises.journal('c', 'c2');
      bench.promises.born('a', 5, [...placed.slice(0, 2), { node: 'c', replica: 'c2' }]);
      bench.durability.acked('c', 5, 0);
    },
  },
  bad: {
    'an ack of the node': [
      /c takes part in group 1 although its disk was wiped/,
      (bench) => {
        bench.promises.journal('c', 'c2');
        bench.durability.acked('c', 1, 0);
      },
    ],
    'a vote of the node': [
      /c takes part in group 1/,
      (bench) => {
        bench.promises.journal('c', 'c2');
        bench.durability.voted('c', 1, 0, 'a');
      },
    ],
    'a campaign of the node': [
      /c takes part in group 1/,
      (bench) => {
        bench.promises.journal('c', 'c2');
        bench.durability.askedForVotes('c', 1, 0);
      },
    ],
    'a replica that is opened on a disk that knows nothing of it': [
      /opened although the disk/,
      (bench) => {
        bench.promises.journal('c', 'c2');
        bench.open('c', 'clean');
      },
    ],
  },
});

test.run();
