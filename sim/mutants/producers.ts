/** Mutants of what partitions remember of producers, and of replicas that end while somebody waits for them. */
import { edit, often, seldom, type Mutant } from './mutant.ts';

export const producerMutants: readonly Mutant[] = [
  {
    name: 'dedup-not-replicated',
    breaks: "producers' sequences are known only to the leader that took them",
    edits: [
      edit(
        'partition/producers.js',
        'if (batch.producerId === anonymousProducer)\n            return;\n        const known',
        'if (batch.producerId === anonymousProducer || !this.#decided)\n            return;\n        const known',
      ),
      edit(
        'partition/producers.js',
        'const newest = pending.at(-1);',
        'const newest = pending.at(-1); this.#decided = true;',
      ),
      edit('partition/producers.js', '    #forgotten;\n', '    #forgotten;\n    #decided = false;\n'),
    ],
    ...often,
  },
  {
    name: 'stopped-abandons-nobody',
    breaks: 'a replica that ends leaves those who wait for it to their deadlines',
    edits: [
      edit(
        'actors/partition-replica/replica.js',
        '    stopped() {\n',
        '    stopped() {\n        if (this.#options !== undefined)\n            return this.#driver.close();\n',
      ),
      edit('actors/group/driver.js', 'this.#reads.abandon();', ''),
    ],
    ...often,
  },
  {
    name: 'forgotten-come-back',
    breaks: 'a producer that was forgotten comes back under its old epoch',
    edits: [edit('partition/producers.js', 'if (batch.epoch < nextEpoch)', 'if (batch.epoch < 0)')],
    ...seldom,
  },
  {
    name: 'log-time-by-records',
    breaks: "log time follows the dates of records, and a wrong clock makes others' producers forgotten",
    edits: [
      edit(
        'partition/machine.js',
        'this.#producers.apply(batchOf(header), this.#end);',
        'for (let n = 0; n < 5; n += 1)\n            this.#producers.advance(header.firstTimestamp);\n        this.#producers.apply(batchOf(header), this.#end);',
      ),
    ],
    ...seldom,
  },
];
