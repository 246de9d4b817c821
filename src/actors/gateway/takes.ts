/**
 * The takes of this gateway's run (SEMANTICS S11): from the answer of a partition until it is committed there that the record was handed
 * over, or is to be given again. A take is named by the number of the question that took it.
 *
 * That a record was handed over is noted lazily: with the consumer's next take of that partition, or after `takeNoteMs` together with
 * all other hand-overs of the partition. A note is kept until the partition has it: what no gateway knows to be handed over is given
 * again. That a record was not handed over is said at once, and may be forgotten: the partition asks for it sooner or later.
 */
import type { GroupId } from '@callboard/client/protocol';
import type { Ref } from '../../kernel/index.ts';
import type { TakeWords } from '../partition-replica/messages.ts';
import type { CallAnswer, CheckTakes, GatewayCall } from './messages.ts';
import { nodesOf, type GatewayParts } from './parts.ts';

/** Where a consumer's records of one partition are taken. */
export interface TakePlace {
  readonly group: GroupId;
  readonly topic: string;
  readonly partition: number;
  readonly consumer: string;
}

interface Take {
  readonly call: number;
  readonly place: TakePlace;
  /** Answered to a door that has not said what became of it; handed over; or that, with its note on the way in a consume. */
  state: 'answering' | 'handed' | 'carried';
}

interface Words {
  readonly noted: Set<Take>;
  readonly returned: Set<number>;
}

/** What one partition is to be told. */
interface Slip {
  readonly place: Pick<TakePlace, 'group' | 'topic' | 'partition'>;
  readonly consumers: Map<string, Words>;
  asking: boolean;
}

/** The door's word about one call, or about all that it still has. */
interface OfDoor {
  readonly replyTo: Ref<CallAnswer>;
}

function doorKey({ replyTo }: OfDoor, id: number): string {
  return `${replyTo.id} ${id}`;
}

export class TakeBook {
  /** Names this run: see `Taker`. */
  readonly start: number;
  readonly #parts: GatewayParts;
  readonly #takes = new Map<number, Take>();
  /** Answered to doors and not told of, by door and call. */
  readonly #answering = new Map<
    string,
    { readonly door: string; readonly id: number; readonly take: Take }
  >();
  readonly #slips = new Map<GroupId, Slip>();
  #timing = false;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    this.start = Math.floor(parts.context.random() * 2 ** 48);
  }

  /** Takes that are not known to be settled. */
  get size(): number {
    return this.#takes.size;
  }

  /** `call` took a record, and its answer goes to the door now. */
  answering(call: number, place: TakePlace, message: GatewayCall): void {
    const take: Take = { call, place, state: 'answering' };
    this.#takes.set(call, take);
    const { id, replyTo } = message;
    this.#answering.set(doorKey(message, id), { door: replyTo.id, id, take });
  }

  /** What `call` took, if it took anything, reaches nobody. */
  giveBack(call: number, place: TakePlace): void {
    this.#takes.delete(call);
    this.#words(place).returned.add(call);
    this.#flush(place.group);
  }

  /** A door says whether it handed the answer to `id` over. */
  heard(door: OfDoor, id: number, handed: boolean): void {
    const key = doorKey(door, id);
    const answering = this.#answering.get(key);
    if (answering === undefined) return;
    this.#answering.delete(key);
    const { take } = answering;
    if (!handed) {
      this.giveBack(take.call, take.place);
      return;
    }
    take.state = 'handed';
    this.#words(take.place).noted.add(take);
    this.#noteLater();
  }

  /** A door lost what was on its way to it: answers to other calls than `open` never arrive. */
  doorRestarted({ replyTo }: OfDoor, open: readonly number[]): void {
    const kept = new Set(open);
    for (const [key, { door, id, take }] of this.#answering) {
      if (door !== replyTo.id || kept.has(id)) continue;
      this.#answering.delete(key);
      this.giveBack(take.call, take.place);
    }
  }

  /** Hand-overs that a consume of this consumer takes along; `delivered` says what became of them. */
  carry({ group, consumer }: TakePlace): readonly number[] {
    const noted = this.#slips.get(group)?.consumers.get(consumer)?.noted ?? [];
    const carried = [...noted].filter(({ state }) => state === 'handed');
    for (const take of carried) take.state = 'carried';
    return carried.map(({ call }) => call);
  }

  /** The consume that carried them is over; `committed`: with its take. */
  delivered({ group, consumer }: TakePlace, calls: readonly number[], committed: boolean): void {
    if (calls.length === 0) return;
    if (committed) {
      this.#settled(group, [{ consumer, noted: calls, returned: [] }]);
      return;
    }
    for (const call of calls) {
      const take = this.#takes.get(call);
      if (take !== undefined) take.state = 'handed';
    }
    this.#noteLater();
  }

  /** By their places in the question: handed over, and neither that nor going to be. Of the others the answer is under way. */
  check({ node, takes }: Pick<CheckTakes, 'node' | 'takes'>): {
    readonly handed: readonly number[];
    readonly returned: readonly number[];
  } {
    const places = takes.map((_, place) => place);
    if (node !== this.#parts.context.self.node) {
      return { handed: [], returned: this.#parts.copy.isRemoved(node) ? places : [] };
    }
    const states = takes.map(({ start, call }) => (start === this.start ? this.#stateOf(call) : 'over'));
    return {
      handed: places.filter((place) => states[place] === 'handed'),
      returned: places.filter((place) => states[place] === 'over'),
    };
  }

  /** Says everything now: the node stops. */
  flush(): void {
    for (const group of [...this.#slips.keys()]) this.#flush(group);
  }

  /** The timer's: what waited long enough. */
  due(): void {
    this.#timing = false;
    this.flush();
    if (this.#slips.size > 0) this.#noteLater();
  }

  /** The partition is no more. */
  forget(group: GroupId): void {
    this.#slips.delete(group);
    for (const [call, { place }] of this.#takes) if (place.group === group) this.#takes.delete(call);
    for (const [key, { take }] of this.#answering) {
      if (take.place.group === group) this.#answering.delete(key);
    }
  }

  #stateOf(call: number): 'busy' | 'handed' | 'over' {
    const take = this.#takes.get(call);
    if (take !== undefined) return take.state === 'answering' ? 'busy' : 'handed';
    return this.#parts.asks.isOpen(call) ? 'busy' : 'over';
  }

  #words(place: TakePlace): Words {
    const { group, consumer } = place;
    const slip = this.#slips.get(group) ?? { place, consumers: new Map<string, Words>(), asking: false };
    this.#slips.set(group, slip);
    const words = slip.consumers.get(consumer) ?? { noted: new Set(), returned: new Set() };
    slip.consumers.set(consumer, words);
    return words;
  }

  #noteLater(): void {
    if (this.#timing) return;
    this.#timing = true;
    this.#parts.context.after(this.#parts.limits.takeNoteMs, { kind: 'gateway-note' });
  }

  #flush(group: GroupId): void {
    const slip = this.#slips.get(group);
    if (slip === undefined || slip.asking) return;
    if (this.#isReplaced(slip)) {
      this.forget(group);
      return;
    }
    const words = this.#toSay(slip);
    if (words.length === 0) return;
    slip.asking = true;
    const { asks, context, limits } = this.#parts;
    asks.start({
      group,
      repeatable: true,
      deadlineMs: context.now() + limits.callDeadlineMs,
      replicas: () => nodesOf(this.#parts, group),
      request: (id, replyTo) => ({ kind: 'settle-takes', id, replyTo, start: this.start, words }),
      refused: () => undefined,
      settled: (result) => {
        slip.asking = false;
        // What was not handed over need not be said twice.
        const said = words.map((word) => (result.kind === 'answer' ? word : { ...word, noted: [] }));
        this.#settled(group, said);
        const returned = [...slip.consumers.values()].some((one) => one.returned.size > 0);
        if (returned) this.#flush(group);
        else if (this.#slips.has(group)) this.#noteLater();
      },
    });
  }

  /** A partition in memory was begun anew, under another number. */
  #isReplaced({ place: { group, topic, partition } }: Slip): boolean {
    const now = this.#parts.copy.topic(topic)?.partitions[partition]?.group;
    return now !== undefined && now !== group;
  }

  #toSay({ consumers }: Slip): readonly TakeWords[] {
    let room = this.#parts.limits.settledTakes;
    const words: TakeWords[] = [];
    for (const [consumer, { noted, returned }] of consumers) {
      const handed = [...noted].filter(({ state }) => state === 'handed').slice(0, room);
      room -= handed.length;
      const back = [...returned].slice(0, room);
      room -= back.length;
      if (handed.length + back.length === 0) continue;
      words.push({ consumer, noted: handed.map(({ call }) => call), returned: back });
    }
    return words;
  }

  #settled(group: GroupId, words: readonly TakeWords[]): void {
    const slip = this.#slips.get(group);
    for (const { consumer, noted, returned } of words) {
      const known = slip?.consumers.get(consumer);
      for (const call of noted) {
        const take = this.#takes.get(call);
        this.#takes.delete(call);
        if (take !== undefined) known?.noted.delete(take);
      }
      for (const call of returned) known?.returned.delete(call);
      if (known?.noted.size === 0 && known.returned.size === 0) slip?.consumers.delete(consumer);
    }
    if (slip?.consumers.size === 0 && !slip.asking) this.#slips.delete(group);
  }
}
