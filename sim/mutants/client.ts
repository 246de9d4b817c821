/** Mutants of the client library, which programs of the simulator use as it is: each breaks what it promises to its user. */
import { edit, often, type Mutant } from './mutant.ts';

export const clientMutants: readonly Mutant[] = [
  {
    name: 'client-retry-renumbered',
    breaks: 'the client sends again under a new number what may be stored under the old one',
    edits: [
      edit(
        'client/producer/lane.js',
        'problem.retriable) {\n            this.#pause(problem);',
        'problem.retriable) {\n            this.#renumberFrom = 0;\n            this.#pause(problem);',
      ),
    ],
    ...often,
    ofClient: true,
    minutes: 10,
  },
  {
    name: 'client-drop-renumbers-doubt',
    breaks: 'a chunk that is refused for good has the chunks before it renumbered, though they may be stored',
    edits: [edit('client/producer/lane.js', 'Math.min(this.#renumberFrom ?? Infinity, chunk.number)', '0')],
    directed: {
      tests: ['test/client/producer.test.ts'],
      reason: 'no program of the simulator is refused one batch for good while an earlier one is in doubt',
    },
    ...often,
    ofClient: true,
  },
  {
    name: 'client-denies-in-flight',
    breaks: 'the client calls what is on its way, or in doubt, not applied when its deadline has come',
    edits: [
      edit(
        'client/producer/lane.js',
        "const unknown = chunk.flying || chunk.unknown || problem.outcome === 'unknown';",
        "const unknown = problem.outcome === 'unknown';",
      ),
    ],
    ...often,
    ofClient: true,
    minutes: 10,
  },
  {
    name: 'client-skips-a-sequence',
    breaks: 'the client leaves out a sequence when it renumbers, and never gets anything in again',
    edits: [
      edit(
        'client/producer/lane.js',
        'this.#nextSequence = 0;\n        this.#told',
        'this.#nextSequence = 1;\n        this.#told',
      ),
    ],
    ...often,
    ofClient: true,
    minutes: 10,
  },
  {
    name: 'client-acks-what-came',
    breaks: 'the client acknowledges what it has received, not what its user has acknowledged',
    edits: [
      edit(
        'client/consumer/subscription.js',
        'upTo: offset(upTo) }',
        'upTo: offset(Math.max(upTo, this.#received ?? 0)) }',
      ),
    ],
    ...often,
    ofClient: true,
  },
  {
    name: 'client-hands-over-twice',
    breaks: 'the client hands over again what a new subscription delivers once more',
    edits: [
      edit(
        'client/consumer/subscription.js',
        'new ReceivedChunk(where, bytes, header, received, records, end)',
        'new ReceivedChunk(where, bytes, header, header.baseOffset, records, end)',
      ),
    ],
    ...often,
    ofClient: true,
  },
];
