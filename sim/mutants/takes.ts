/** Mutants of the takes over HTTP (SEMANTICS S11): each loses a record for its consumer, or gives it twice. */
import { edit, often, type Mutant } from './mutant.ts';

export const takeMutants: readonly Mutant[] = [
  {
    name: 'take-noted-early',
    breaks: 'a hand-over is noted before the answer was handed to its connection',
    edits: [
      edit(
        'actors/gateway/takes.js',
        'this.#answering.set(doorKey(message, id), { door: replyTo.id, id, take });',
        'this.#answering.set(doorKey(message, id), { door: replyTo.id, id, take });\n        this.heard(message, id, true);',
      ),
    ],
    ...often,
  },
  {
    name: 'take-lost-with-leader',
    breaks: 'open takes are dropped when the leader changes',
    edits: [
      edit(
        'partition/machine.js',
        "return { kind: 'noop' };",
        '{\n            for (const [consumer] of [...this.#cursors.openTakes.all()]) this.#cursors.openTakes.forget(consumer);\n' +
          "            return { kind: 'noop' };\n        }",
      ),
    ],
    ...often,
  },
  {
    name: 'take-again-after-newer',
    breaks: 'a record that came back is given after newer ones',
    edits: [
      edit('partition/cursors.js', 'if (fresh > 0 && again.length < returned.length)', 'if (fresh < 0)'),
      edit(
        'actors/partition-replica/consumes.js',
        'const again = firstRun(open);',
        'const again = this.#host.readableEnd() > position ? undefined : firstRun(open);',
      ),
    ],
    ...often,
  },
  {
    name: 'take-twice-while-answered',
    breaks: 'a take that a live gateway is still answering is given to another call',
    edits: [
      edit(
        'actors/gateway/takes.js',
        "return take.state === 'answering' ? 'busy' : 'handed';",
        "return take.state === 'answering' ? 'over' : 'handed';",
      ),
    ],
    ...often,
  },
  {
    name: 'take-gone-by-silence',
    breaks: 'a gateway that cannot be reached is taken for dead, and its takes are given again',
    edits: [edit('actors/gateway/takes.js', 'this.#parts.copy.isRemoved(node) ? places : []', 'places')],
    // A node must be cut off within the half second in which it notes a hand-over.
    seeds: 60,
    minutes: 6,
  },
  {
    name: 'take-of-dead-run-kept',
    breaks: 'a gateway that was started anew vouches for the takes of its former run',
    edits: [
      edit(
        'actors/gateway/takes.js',
        "start === this.start ? this.#stateOf(call) : 'over'",
        "start === this.start ? this.#stateOf(call) : 'busy'",
      ),
    ],
    ...often,
  },
  {
    name: 'take-of-lost-call-kept',
    breaks: 'what a call took that was given up stays with its gateway',
    edits: [
      edit('actors/gateway/takes.js', 'this.#words(place).returned.add(call);', ''),
      edit('actors/gateway/takes.js', "isOpen(call) ? 'busy' : 'over'", "isOpen(call) ? 'busy' : 'busy'"),
    ],
    ...often,
  },
];
