/**
 * A producer over HTTP. Numbered ones (S4b) repeat a call through any node until they know that its record is stored; the
 * others send each record once and take what they are told.
 */
import type { CallError } from '@callboard/client/protocol';
import type { SentRecord } from '../checkers/records.ts';
import type { SimNode } from '../node.ts';
import type { SimRandom } from '../ports/sim-random.ts';
import { Memory } from './memory.ts';
import { leastValueBytes, makeValue } from './values.ts';
import type { KnownTopic, Workload } from './workload.ts';

interface Numbered {
  readonly record: SentRecord;
  readonly partition: number;
  readonly sequence: number;
  /** When it was first sent: what a partition remembers is as old as that, however often it is asked again. */
  readonly bornMicros: number;
}

export class HttpProducer {
  readonly #work: Workload;
  readonly #topic: KnownTopic;
  readonly #random: SimRandom;
  readonly #name: string;
  readonly #numbered: boolean;
  readonly #next: number[];
  readonly #memory: Memory;
  /** The group of each partition when its numbers began. */
  #homes: readonly number[] = [];
  #id = '';

  constructor(work: Workload, topic: KnownTopic, random: SimRandom, name: string) {
    this.#work = work;
    this.#topic = topic;
    this.#random = random;
    this.#name = name;
    this.#numbered = random.chance(0.5);
    this.#next = topic.groups.map(() => 0);
    this.#memory = new Memory(work.world, name);
  }

  start(): void {
    const { world, clients } = this.#work;
    const node = this.#work.anyNode(this.#random);
    const startMicros = world.nowMicros;
    clients.call(node, { op: 'register-producer', topic: this.#topic.name }, (outcome) => {
      if (outcome.kind === 'value' && outcome.value.op === 'register-producer') {
        this.#id = outcome.value.id;
        this.#memory.clear();
        this.#homes = this.#work.now(this.#topic.groups);
        world.checks.visibility.created('producer', this.#id, world.nowMicros);
        this.#begin();
        return;
      }
      if (outcome.kind === 'error') this.#checkSeen(outcome.error, startMicros, node);
      world.after(500, () => (this.#work.stopped ? undefined : this.start()));
    });
  }

  #begin(): void {
    const { thinkMs } = this.#work.world.settings.workload;
    if (this.#numbered) {
      this.#next.fill(0);
      this.#work.later(this.#random, thinkMs, () => this.#sendNumbered());
      return;
    }
    const lanes = this.#random.between(1, 2);
    for (let lane = 0; lane < lanes; lane += 1) this.#sendPlain(thinkMs);
  }

  #record(partition: number | undefined): SentRecord {
    const { groups } = this.#topic;
    const most = this.#work.world.settings.workload.valueBytes;
    return {
      id: this.#work.nextRecord(),
      client: this.#name,
      groups: partition === undefined ? groups : [groups[partition] as number],
      ordered: this.#numbered,
      bytes: this.#random.between(leastValueBytes, most),
    };
  }

  #sendPlain(thinkMs: number): void {
    const { burst } = this.#work.world.settings.workload;
    this.#work.later(this.#random, thinkMs, () => {
      if (burst > 0 && this.#random.chance(0.05)) this.#burst(burst);
      const partition = this.#random.chance(0.5) ? this.#random.below(this.#topic.groups.length) : undefined;
      const record = this.#record(partition);
      this.#send(record, partition, undefined, () => this.#sendPlain(thinkMs));
    });
  }

  /** All to one node, which may not take so many. */
  #burst(count: number): void {
    const node = this.#work.anyNode(this.#random);
    for (let n = 0; n < count; n += 1) {
      const partition = this.#random.chance(0.5) ? this.#random.below(this.#topic.groups.length) : undefined;
      this.#send(this.#record(partition), partition, undefined, () => undefined, node);
    }
  }

  #sendNumbered(): void {
    const partition = this.#random.below(this.#topic.groups.length);
    const sequence = this.#next[partition] ?? 0;
    this.#next[partition] = sequence + 1;
    const bornMicros = this.#work.world.nowMicros;
    this.#insist({ record: this.#record(partition), partition, sequence, bornMicros });
  }

  /**
   * Until it is known to be stored: also after the run has stopped, or its place would stay empty for ever. Where the partition has
   * forgotten the id, the record is left to its fate, and the next ones are sent under another id.
   */
  #insist(numbered: Numbered, again = false): void {
    if (this.#id === '') {
      this.#renew(numbered);
      return;
    }
    const { world } = this.#work;
    if (!again) this.#work.insisting += 1;
    const { record, partition, sequence } = numbered;
    this.#send(record, partition, sequence, (stored, error, group) => {
      if (group !== undefined) this.#memory.stored(group, numbered.bornMicros);
      if (!stored && (this.#id === '' || error?.code !== 'producer_expired')) {
        const nap = this.#random.chance(0.2) && !this.#work.stopped;
        const napMs = nap ? this.#memory.napMs(this.#random) : 0;
        world.after(napMs + this.#random.between(20, 600), () => this.#insist(numbered, true));
        return;
      }
      this.#work.insisting -= 1;
      const { thinkMs } = world.settings.workload;
      const napMs = this.#random.chance(0.05) ? this.#memory.napMs(this.#random) : 0;
      this.#work.later(this.#random, thinkMs + napMs, () => (stored ? this.#sendNumbered() : this.start()));
    });
  }

  /** A partition that was begun anew has forgotten its producers: only another one can begin at 0 there. */
  #renew(numbered: Numbered): void {
    const { world, clients } = this.#work;
    const node = this.#work.anyNode(this.#random);
    clients.call(node, { op: 'register-producer', topic: this.#topic.name }, (outcome) => {
      if (outcome.kind !== 'value' || outcome.value.op !== 'register-producer') {
        world.after(500, () => this.#renew(numbered));
        return;
      }
      world.report.sometimes('a producer began anew in a partition that was begun anew');
      this.#id = outcome.value.id;
      this.#memory.clear();
      this.#homes = this.#work.now(this.#topic.groups);
      this.#next.fill(0);
      this.#next[numbered.partition] = 1;
      world.checks.visibility.created('producer', this.#id, world.nowMicros);
      this.#insist({ ...numbered, sequence: 0 }, true);
    });
  }

  #send(
    record: SentRecord,
    partition: number | undefined,
    sequence: number | undefined,
    then: (stored: boolean, error?: CallError, group?: number) => void,
    node = this.#work.anyNode(this.#random),
  ): void {
    const { world, clients, counts } = this.#work;
    const { checks, report } = world;
    const startMicros = world.nowMicros;
    const value = makeValue(record.id, record.bytes);
    checks.records.attempt(record, startMicros);
    const call = {
      op: 'produce',
      topic: this.#topic.name,
      producer: this.#id,
      partition,
      sequence,
      value,
    } as const;
    clients.call(node, call, (outcome) => {
      if (outcome.kind === 'value' && outcome.value.op === 'produce') {
        const { offset, partition: into } = outcome.value;
        const group = checks.generations.holding(this.#topic.groups[into] ?? -1, offset);
        counts.acked += 1;
        checks.records.answered(record.id, 'applied', { group, offset }, world.nowMicros);
        report.mix(offset);
        then(true, undefined, group);
        return;
      }
      const known =
        outcome.kind === 'refused' || (outcome.kind === 'error' && outcome.error.outcome === 'not_applied');
      checks.records.answered(record.id, known ? 'not_applied' : 'unknown', undefined, world.nowMicros);
      if (known) counts.failed += 1;
      else {
        counts.unknown += 1;
        report.sometimes('a produce ended unknown');
        if (sequence !== undefined) report.sometimes('a numbered call was repeated after unknown');
      }
      const error = outcome.kind === 'error' ? outcome.error : undefined;
      if (error !== undefined) this.#checkError(error, startMicros, node, partition, sequence);
      then(false, error);
    });
  }

  #checkError(error: CallError, startMicros: number, node: SimNode, partition = -1, sequence?: number): void {
    this.#checkSeen(error, startMicros, node);
    if (sequence === undefined) return;
    const forgotten = error.code === 'sequence_gap' || error.code === 'producer_expired';
    if (forgotten && this.#work.now(this.#topic.groups)[partition] !== this.#homes[partition]) {
      this.#id = '';
      return;
    }
    if (error.code === 'producer_expired') {
      this.#memory.forgotten(this.#work.now(this.#topic.groups)[partition] ?? 0);
      return;
    }
    const refused =
      forgotten || error.code === 'producer_fenced' || error.code === 'duplicate_unknown_offset';
    if (!refused) return;
    const text = `${this.#name} sent its next record, number ${sequence}, to ${node.name} and was answered ${error.code}: ${error.message}`;
    this.#work.world.report.violation('numbers', text);
  }

  #checkSeen(error: CallError, startMicros: number, node: SimNode): void {
    const names = { topic: this.#topic.name, producer: this.#id };
    this.#work.world.checks.visibility.failed(error.code, names, startMicros, node.name);
  }
}
