/**
 * A name under which one topic after the other is created, used, removed and created again, in the middle of whatever goes on.
 *
 * - No record of a removed topic appears in its namesake, neither stored nor read (the checker of records knows the groups).
 * - Once a removal is answered, no node lists the topic, and nothing of it is served any more, neither through gateways under its name
 *   nor by its replicas under their groups: its clients go on for a while (the checker of removals knows since when they must fail).
 * - While a topic stands, no node denies it (S13, S14). A removal in doubt may yet be made and would meet the namesake, so the
 *   topic after it has another name.
 */
import type { CallError } from '@callboard/client/protocol';
import { managerActorId } from '../../src/actors/manager/messages.ts';
import type { SentRecord } from '../checkers/records.ts';
import type { SimNode } from '../node.ts';
import type { SimRandom } from '../ports/sim-random.ts';
import { oneRecordChunk } from './one-record.ts';
import { leastValueBytes, makeValue, valueId } from './values.ts';
import type { Workload } from './workload.ts';

/** One topic of the name, from its creation to its removal. */
interface Generation {
  readonly name: string;
  readonly groups: readonly number[];
  readonly producer: string;
  readonly consumer: string;
  readonly sent: Set<number>;
  state: 'stands' | 'leaving' | 'removed';
  /** Until then its clients go on. */
  untilMicros: number;
}

/** How long the clients of a removed topic do not believe it. */
const stubbornMs = 20_000;

const denials = ['topic_not_found', 'producer_not_registered', 'consumer_not_registered'];

export class FleetingTopic {
  readonly #work: Workload;
  readonly #random: SimRandom;
  readonly #firstName: string;
  #name: string;
  #namesInDoubt = 0;
  /** Of the newest topic that was found. */
  #lastGroups: readonly number[] = [];
  #generations = 0;
  /** Names that another topic may have got while their removal was in doubt. */
  readonly #claimed = new Set<string>();

  constructor(work: Workload, random: SimRandom, name: string) {
    this.#work = work;
    this.#random = random;
    this.#firstName = name;
    this.#name = name;
  }

  start(): void {
    this.#later(5_000, () => this.#create());
  }

  #later(meanMs: number, step: () => void): void {
    this.#work.later(this.#random, meanMs, step);
  }

  get #thinkMs(): number {
    return this.#work.world.settings.workload.thinkMs;
  }

  #any(): SimNode {
    return this.#work.anyNode(this.#random);
  }

  #create(): void {
    const partitions = this.#random.between(1, 2);
    const inMemory = this.#work.world.settings.memory && this.#random.chance(0.5);
    const storage = inMemory ? 'memory' : 'disk';
    const call = { op: 'create-topic', name: this.#name, partitions, storage } as const;
    this.#work.clients.call(this.#any(), call, (outcome) => {
      const there = outcome.kind === 'error' && outcome.error.code === 'topic_exists';
      if (outcome.kind === 'value' || there) this.#find();
      else this.#later(500, () => this.#create());
    });
  }

  /** Some node knows the new topic; the old one's groups are lower, also those with which it was begun anew. */
  #find(): void {
    const last = Math.max(0, ...this.#lastGroups, ...this.#work.now(this.#lastGroups));
    for (const { door } of this.#work.world.nodes) {
      const groups = door?.topics.get(this.#name)?.partitions.map(({ group }) => group) ?? [];
      if ((groups[0] ?? 0) <= last) continue;
      this.#lastGroups = groups;
      this.#work.world.checks.removals.created(this.#name, groups);
      this.#generations += 1;
      if (this.#generations > 1) this.#work.world.report.sometimes('a name was used again by another topic');
      this.#register(groups);
      return;
    }
    this.#later(200, () => this.#find());
  }

  #register(groups: readonly number[]): void {
    const register = (who: 'producer' | 'consumer', then: (id: string) => void): void => {
      this.#work.clients.call(this.#any(), { op: `register-${who}`, topic: this.#name }, (outcome) => {
        if (outcome.kind === 'value' && 'id' in outcome.value) then(outcome.value.id);
        else this.#later(500, () => register(who, then));
      });
    };
    register('producer', (producer) =>
      register('consumer', (consumer) => {
        const name = this.#name;
        const generation: Generation = {
          name,
          groups,
          producer,
          consumer,
          sent: new Set(),
          state: 'stands',
          untilMicros: Infinity,
        };
        this.#produce(generation);
        this.#produceDirectly(generation);
        this.#consume(generation);
        this.#size(generation);
        this.#later(5_000 + 5 * this.#thinkMs, () => this.#remove(generation, false));
      }),
    );
  }

  /** Again, also while the topic is being removed, and for a while after that. */
  #again(generation: Generation, step: () => void): void {
    if (this.#work.world.nowMicros < generation.untilMicros) this.#later(this.#thinkMs, step);
  }

  #record({ name, groups, sent }: Generation, among: readonly number[]): SentRecord {
    const { world } = this.#work;
    const record: SentRecord = {
      id: this.#work.nextRecord(),
      client: `${name}-${groups.join()}`,
      groups: among,
      ordered: false,
      bytes: leastValueBytes,
    };
    sent.add(record.id);
    world.checks.records.attempt(record, world.nowMicros);
    return record;
  }

  #produce(generation: Generation): void {
    const { world, clients } = this.#work;
    const { generations, records, removals } = world.checks;
    const { name, producer, groups, state } = generation;
    const record = this.#record(generation, groups);
    const node = this.#any();
    const startMicros = world.nowMicros;
    const value = makeValue(record.id, record.bytes);
    const where = { topic: name, partition: undefined, sequence: undefined };
    clients.call(node, { op: 'produce', producer, value, ...where }, (outcome) => {
      if (outcome.kind === 'value' && outcome.value.op === 'produce') {
        const { offset, partition } = outcome.value;
        const group = generations.holding(groups[partition] ?? -1, offset);
        records.answered(record.id, 'applied', { group, offset }, world.nowMicros);
        removals.served('produce', group, startMicros, node.name);
      } else {
        const refused =
          outcome.kind === 'refused' || (outcome.kind === 'error' && outcome.error.outcome === 'not_applied');
        records.answered(record.id, refused ? 'not_applied' : 'unknown', undefined, world.nowMicros);
        if (outcome.kind === 'error') this.#denied(generation, state, outcome.error, node);
      }
      this.#again(generation, () => this.#produce(generation));
    });
  }

  /** As the client library does: to a replica, whatever the directory says by now. */
  #produceDirectly(generation: Generation): void {
    const { world, clients } = this.#work;
    const { records, removals, promises } = world.checks;
    const group = this.#random.pick(this.#work.now(generation.groups));
    const members = promises.members(group);
    const record = this.#record(generation, [group]);
    const target = members.length > 0 ? this.#random.pick(members) : this.#any().name;
    const node = this.#random.chance(0.8) ? world.node(target) : this.#any();
    const timestamp = node.clock?.wallTime() ?? 1;
    // A producer of its own for each record: what becomes of one says nothing of the next.
    const chunk = oneRecordChunk({ ...record, producerId: this.#random.bytes(16), timestamp });
    const startMicros = world.nowMicros;
    clients.request(node, target, group, { kind: 'produce', acks: 'quorum', chunk }, (outcome) => {
      const answer = outcome.kind === 'value' ? outcome.value : undefined;
      if (answer?.kind === 'produced') {
        const place = { group, offset: answer.baseOffset };
        records.answered(record.id, 'applied', place, world.nowMicros);
        removals.served('direct produce', group, startMicros, target);
      } else {
        const refused =
          outcome.kind === 'refused' ||
          (answer?.kind === 'partition-failed' && answer.error.outcome === 'not_applied');
        records.answered(record.id, refused ? 'not_applied' : 'unknown', undefined, world.nowMicros);
      }
      this.#again(generation, () => this.#produceDirectly(generation));
    });
  }

  #consume(generation: Generation): void {
    const { world, clients } = this.#work;
    const { name, consumer, groups, sent, state } = generation;
    const node = this.#any();
    const startMicros = world.nowMicros;
    const call = { op: 'consume', topic: name, consumer, partition: undefined } as const;
    clients.call(node, call, (outcome) => {
      if (outcome.kind === 'value' && outcome.value.op === 'consume') {
        const { value, partition } = outcome.value;
        const id = valueId(value);
        if (!sent.has(id)) {
          this.#report(
            `a consumer of groups ${groups.join()} got record ${id}, which belongs to another topic`,
          );
        }
        world.checks.removals.served('consume', groups[partition] ?? -1, startMicros, node.name);
      } else if (outcome.kind === 'error') this.#denied(generation, state, outcome.error, node);
      this.#again(generation, () => this.#consume(generation));
    });
  }

  #size(generation: Generation): void {
    const { world, clients } = this.#work;
    const { name, consumer, groups, state } = generation;
    const node = this.#any();
    const startMicros = world.nowMicros;
    clients.call(node, { op: 'size', topic: name, consumer, partition: undefined }, (outcome) => {
      if (outcome.kind === 'value' && outcome.value.op === 'size') {
        for (const group of this.#work.now(groups)) {
          world.checks.removals.served('size', group, startMicros, node.name);
        }
      } else if (outcome.kind === 'error') this.#denied(generation, state, outcome.error, node);
      this.#again(generation, () => this.#size(generation));
    });
  }

  #remove(generation: Generation, inDoubt: boolean): void {
    const { world, clients } = this.#work;
    generation.state = 'leaving';
    const node = this.#any();
    const heard = this.#hearsAll(node);
    clients.call(node, { op: 'remove-topic', name: this.#name }, (outcome) => {
      const missing = outcome.kind === 'error' && outcome.error.code === 'topic_not_found';
      if (missing && !inDoubt) this.#report(`${node.name} denied the topic to its first removal`);
      if (outcome.kind !== 'value' && !missing) {
        const unknown =
          outcome.kind === 'lost' || (outcome.kind === 'error' && outcome.error.outcome !== 'not_applied');
        if (unknown && this.#random.chance(0.5)) this.#claim(generation.name);
        this.#later(700, () => this.#remove(generation, inDoubt || unknown));
        return;
      }
      if (world.isDisturbed()) world.report.sometimes('a topic was removed during a fault');
      world.report.event(node.name, 'topic-removed', this.#name, generation.groups.join());
      generation.state = 'removed';
      generation.untilMicros = world.nowMicros + stubbornMs * 1_000;
      world.checks.removals.removed(generation.name, generation.groups, world.nowMicros);
      if (inDoubt) this.#rename();
      else if (heard !== undefined && heard === this.#hearsAll(node)) this.#lookEverywhere(generation);
      this.#list(generation.name);
    });
  }

  /** The name of a topic whose removal is in doubt: it may be there, or being deleted, or free. */
  #claim(name: string): void {
    const { world, clients } = this.#work;
    const storage = world.settings.memory && this.#random.chance(0.5) ? 'memory' : 'disk';
    this.#claimed.add(name);
    clients.call(this.#any(), { op: 'create-topic', name, partitions: 1, storage }, (outcome) => {
      if (outcome.kind === 'value') world.checks.removals.free(name);
      else if (outcome.kind === 'error' && outcome.error.code === 'topic_deleting') {
        world.report.sometimes('a name was refused while its topic was being deleted');
      }
    });
  }

  #rename(): void {
    this.#namesInDoubt += 1;
    this.#name = `${this.#firstName}.${this.#namesInDoubt}`;
    this.#lastGroups = [];
  }

  /**
   * If this node takes nobody for dead, so that it waits for everybody, however slow or cut off. Equal to an earlier answer if no process
   * ended and nobody was found dead or back since.
   */
  #hearsAll(node: SimNode): string | undefined {
    const { nodes, report } = this.#work.world;
    const brokers = node.system?.inspectOne(managerActorId)?.details['brokers'] as
      readonly { readonly alive: boolean }[] | undefined;
    const all = brokers?.length === nodes.length && brokers.every(({ alive }) => alive);
    if (!all || nodes.some(({ alive }) => !alive)) return undefined;
    const findings = (['a broker was found dead', 'a broker came back'] as const).map(
      (point) => report.points.get(point) ?? 0,
    );
    return [...nodes.map(({ life }) => life), ...findings].join();
  }

  /** Every node that could be reached has heard before the removal was answered: none may tell where the topic is. */
  #lookEverywhere({ name, groups }: Generation): void {
    const { world, clients } = this.#work;
    for (const node of world.nodes) {
      clients.call(node, { op: 'locate', topics: [name] }, (outcome) => {
        const found = outcome.kind === 'value' && outcome.value.op === 'locate' ? outcome.value.topics : [];
        if (found.some(({ partitions }) => partitions[0]?.group === groups[0])) {
          this.#report(`${node.name} knows where the topic is after its removal was answered`);
        }
      });
    }
  }

  /** Before it is created again: no node may list it, unless a topic that claimed its name has come late. */
  #list(removed: string): void {
    const node = this.#any();
    this.#work.clients.call(node, { op: 'topics' }, (outcome) => {
      if (
        outcome.kind === 'value' &&
        outcome.value.op === 'topics' &&
        outcome.value.names.includes(removed) &&
        !this.#claimed.has(removed)
      ) {
        this.#report(`${node.name} lists the topic after its removal was answered`);
      }
      this.#later(this.#random.chance(0.5) ? 50 : 3_000, () => this.#create());
    });
  }

  /** `began`: how the topic stood when the call was sent. */
  #denied(generation: Generation, began: Generation['state'], error: CallError, node: SimNode): void {
    if (!denials.includes(error.code)) return;
    if (generation.state !== 'stands') {
      if (began !== 'removed') this.#work.world.report.sometimes('a call met the removal of its topic');
      return;
    }
    this.#report(`${node.name} denied a topic that stands: ${error.code}: ${error.message}`);
  }

  #report(text: string): void {
    this.#work.world.report.violation('fleeting topics', `${this.#name}: ${text}`);
  }
}
