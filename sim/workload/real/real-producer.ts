/** One producer object of the client library: what it promises of each record goes to the checker of records. */
import type { OutgoingRecord, Producer } from '@callboard/client';
import { partitionOfKey } from '@callboard/client/protocol';
import type { ProduceOutcome, SentRecord } from '../../checkers/records.ts';
import { leastValueBytes, makeValue } from '../values.ts';
import { expectFailure, type Program, type Running } from './program.ts';

interface Drawn {
  readonly sent: SentRecord;
  readonly record: OutgoingRecord & { readonly value: Uint8Array };
}

/** With which sends may fail. Anything else says that library or cluster have lost count. */
const failures = [
  'timeout',
  'overloaded',
  'aborted',
  'closed',
  'producer_expired',
  'duplicate_unknown_offset',
];
const encoder = new TextEncoder();

export class RealProducer {
  readonly #program: Program;
  readonly #running: Running;
  readonly #name: string;
  readonly #deadlineMs: number;
  readonly #producer: Producer;
  readonly #abort = new AbortController();
  readonly #ended: () => void;
  readonly #open = new Set<number>();
  /** Partitions that must take one more record before the run ends. */
  readonly #owed = new Set<number>();
  #over = false;

  /** `ended`: it was closed or aborted, and its promises are settled. */
  constructor(program: Program, running: Running, ended: () => void) {
    const { random, work, topic } = program;
    this.#program = program;
    this.#name = `${program.name}-producer-${work.nextRecord()}`;
    this.#running = running;
    this.#ended = ended;
    this.#deadlineMs = random.chance(0.5) ? running.deadlineMs : random.pick([300, 1_000, 3_000]);
    this.#producer = running.client.producer(topic.name, {
      deadlineMs: this.#deadlineMs,
      signal: this.#abort.signal,
      ...(random.chance(0.2) ? { maxBufferedBytes: 2_000 } : {}),
    });
    this.#step();
  }

  /** Records that have no answer. */
  get open(): number {
    return this.#open.size;
  }

  /** Each partition takes one more record, however often it must be sent: nothing that happened may keep a producer out for good. */
  finish(): void {
    for (const [partition, group] of this.#program.topic.groups.entries()) {
      this.#owed.add(partition);
      this.#insist(partition, group);
    }
  }

  lag(): string | undefined {
    if (this.open > 0) return `${this.open} records of ${this.#name} have no answer`;
    if (this.#over || this.#running.over() || this.#owed.size === 0) return undefined;
    return `${this.#name} gets nothing into the partitions ${[...this.#owed].join()}`;
  }

  /** The process was killed: nobody will ever tell. */
  crashed(): void {
    this.#over = true;
    for (const id of this.#open) this.#answered(id, 'unknown');
  }

  #step(): void {
    const { thinkMs } = this.#program.world.settings.workload;
    this.#program.later(thinkMs * 2, () => {
      if (this.#over || this.#running.over()) return;
      const drawn = this.#program.random.next();
      if (drawn < 0.03) this.#close();
      else if (drawn < 0.05) this.#giveUp();
      else {
        this.#send();
        this.#step();
      }
    });
  }

  #send(): void {
    const { random, world } = this.#program;
    const { batchRecords } = world.settings.workload;
    const bursts = random.between(1, 3);
    for (let burst = 0; burst < bursts; burst += 1) {
      const drawn = Array.from({ length: random.between(1, batchRecords) }, () => this.#draw());
      if (random.chance(0.3)) this.#sendBatch(drawn);
      else for (const one of drawn) this.#sendOne(one);
      // The bytes are the caller's again.
      for (const { record } of drawn) record.value.fill(0xee);
    }
  }

  #insist(partition: number, group: number): void {
    if (this.#over || this.#running.over()) return;
    const id = this.#program.work.nextRecord();
    const value = makeValue(id, leastValueBytes);
    const sent = { id, client: this.#name, ordered: true, groups: [group], bytes: leastValueBytes };
    this.#sendOne({ sent, record: { partition, value } }, (stored) => {
      if (stored) this.#owed.delete(partition);
      else this.#program.soon(200, () => this.#insist(partition, group));
    });
  }

  #draw(): Drawn {
    const { random, work, topic, world } = this.#program;
    const id = work.nextRecord();
    const bytes = random.between(leastValueBytes, world.settings.workload.valueBytes);
    const value = makeValue(id, bytes);
    const at = random.next();
    const sent = { id, client: this.#name, ordered: true, bytes };
    if (at < 0.4) {
      const key = `key-${random.below(20)}`;
      const group = topic.groups[partitionOfKey(encoder.encode(key), topic.groups.length)] ?? -1;
      return { sent: { ...sent, groups: [group] }, record: { key, value } };
    }
    if (at < 0.6) {
      const partition = random.below(topic.groups.length);
      return { sent: { ...sent, groups: [topic.groups[partition] ?? -1] }, record: { partition, value } };
    }
    return { sent: { ...sent, groups: topic.groups }, record: { value, headers: { of: this.#name } } };
  }

  #sendOne({ sent, record }: Drawn, ended: (stored: boolean) => void = () => undefined): void {
    this.#begins(sent);
    const sending = this.#producer.send(record);
    this.#program.waits.await('send', this.#deadlineMs, sending);
    sending.then(
      (told) => {
        this.#stored(sent.id, told);
        ended(true);
      },
      (error: unknown) => {
        this.#failed([sent.id], error);
        ended(false);
      },
    );
  }

  #sendBatch(drawn: readonly Drawn[]): void {
    for (const { sent } of drawn) this.#begins(sent);
    const sending = this.#producer.sendBatch(drawn.map(({ record }) => record));
    this.#program.waits.await('sendBatch', this.#deadlineMs, sending);
    sending.then(
      (all) => {
        for (const [at, told] of all.entries()) this.#stored(drawn[at]?.sent.id ?? -1, told);
      },
      // What the call says of itself it says of all of its records.
      (error: unknown) =>
        this.#failed(
          drawn.map(({ sent }) => sent.id),
          error,
        ),
    );
  }

  #begins(sent: SentRecord): void {
    const { world } = this.#program;
    this.#open.add(sent.id);
    world.checks.records.attempt(sent, world.nowMicros);
  }

  #stored(id: number, { partition, offset }: { readonly partition: number; readonly offset: number }): void {
    const { world, work, topic } = this.#program;
    if (!this.#open.delete(id)) return;
    work.counts.acked += 1;
    world.report.mix(offset);
    const place = { group: topic.groups[partition] ?? -1, offset };
    world.checks.records.answered(id, 'applied', place, world.nowMicros);
  }

  #failed(ids: readonly number[], error: unknown): void {
    const { world, work } = this.#program;
    const outcome = expectFailure(world, error, failures, `a send of ${this.#name}`)?.outcome ?? 'unknown';
    if (outcome === 'not_applied') work.counts.failed += 1;
    else work.counts.unknown += 1;
    for (const id of ids) this.#answered(id, outcome);
  }

  #answered(id: number, outcome: ProduceOutcome): void {
    const { world } = this.#program;
    if (!this.#open.delete(id)) return;
    world.report.mix(id);
    world.checks.records.answered(id, outcome, undefined, world.nowMicros);
  }

  #close(): void {
    this.#over = true;
    const closing = this.#producer.close();
    this.#program.waits.await('producer.close', this.#deadlineMs, closing);
    void closing.then(() => this.#done('closed'));
  }

  /** By its signal: everything that is open is answered at once. */
  #giveUp(): void {
    this.#over = true;
    this.#abort.abort();
    this.#program.soon(1, () => this.#done('aborted'));
  }

  #done(how: string): void {
    const { report } = this.#program.world;
    if (this.open > 0) {
      report.violation('client', `${this.#name} was ${how} with ${this.open} records unanswered`);
    }
    this.#ended();
  }
}
