/** Reads a partition by offset, as the client library does: nothing that is not committed may ever come (S7). */
import { chunkHeaderBytes, decodeRecords, offset, readChunkHeader } from '@callboard/client/protocol';
import type { PartitionAnswer } from '../../src/actors/partition-replica/messages.ts';
import type { SimRandom } from '../ports/sim-random.ts';
import type { KnownTopic, Workload } from './workload.ts';

export class FetchReader {
  readonly #work: Workload;
  readonly #random: SimRandom;
  #group: number;
  #next = 0;
  #leader: string | undefined;

  constructor(work: Workload, topic: KnownTopic, random: SimRandom) {
    this.#work = work;
    this.#random = random;
    this.#group = random.pick(topic.groups);
  }

  start(): void {
    const { thinkMs } = this.#work.world.settings.workload;
    this.#work.later(this.#random, thinkMs, () => this.#fetch());
  }

  #fetch(): void {
    const { world, clients } = this.#work;
    this.#follow();
    const members = world.checks.promises.members(this.#group);
    const target = this.#leader ?? this.#random.pick(members);
    const startMicros = world.nowMicros;
    const group = this.#group;
    const body = { kind: 'fetch', offset: offset(this.#next), maxBytes: 20_000 } as const;
    clients.request(world.node(target), target, group, body, (outcome) => {
      if (outcome.kind === 'value') this.#answered(outcome.value, startMicros);
      else this.#leader = undefined;
      this.start();
    });
  }

  /** To the partition's newest generation, which begins above what was read before. */
  #follow(): void {
    const { generations } = this.#work.world.checks;
    const now = generations.now(this.#group);
    if (now === this.#group) return;
    this.#group = now;
    this.#next = generations.first(now);
    this.#leader = undefined;
  }

  #answered(answer: PartitionAnswer, startMicros: number): void {
    if (answer.kind === 'partition-failed') {
      this.#leader = answer.leader;
      return;
    }
    if (answer.kind !== 'fetched') return;
    const { checks } = this.#work.world;
    for (const chunk of answer.chunks) {
      const header = readChunkHeader(chunk);
      const values = decodeRecords(chunk.subarray(chunkHeaderBytes), header.recordCount).map(
        (record) => record.value,
      );
      checks.fetches.fetched(this.#group, header.baseOffset, values, this.#next);
      this.#next = Math.max(this.#next, header.baseOffset + header.recordCount);
    }
    if (answer.chunks.length === 0) checks.fetches.ended(this.#group, answer.end, startMicros);
  }
}
