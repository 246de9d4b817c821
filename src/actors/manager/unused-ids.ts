/**
 * Producers and consumers that nobody uses: who is in use is noted in the directory, who was not for long is forgotten
 * there, and then the partitions drop the cursors of consumers that the directory does not have.
 *
 * - Gateways and client sessions say who is in use on their node, again and again. What the directory has noted lately goes no further, so an
 *   id costs a part of a log entry about twice a day.
 * - Time is counted by the primary while it leads, an hour at a time, and each hour is an entry of its own. Nobody's clock is believed.
 * - A leading replica shows its cursors page by page. What the directory does not have is gone for good only if it is confirmed that the copy
 *   here has everything that was decided before it was shown: a cursor is not older than its consumer.
 */
import type { ConsumerRef, DirectoryCommand, DirectoryMachine, Topic } from '../../directory/index.ts';
import { refTo, type Context } from '../../kernel/index.ts';
import type { GroupId, Limits } from '@callboard/client/protocol';
import { partitionActorId, type PartitionReplicaMessage } from '../partition-replica/messages.ts';
import type { CursorsHeld, IdsInUse, ManagerMessage } from './messages.ts';

/** A use is noted again after so many hours. */
const noteHours = 12;
/** Leading replicas that are asked for a page of their cursors with one tick. */
const askedTogether = 16;

export interface UnusedHost {
  readonly context: Context<ManagerMessage>;
  readonly limits: Pick<Limits, 'useHourMs' | 'usedIdsTogether'>;
  /** 0: never. */
  readonly days: number;
  machine(): DirectoryMachine | undefined;
  /** This node leads the directory and has applied all of it. */
  isPrimary(): boolean;
  /** Groups that were led on this node at some time. */
  led(): Iterable<GroupId>;
  /** As the primary: unless it is under way. */
  want(key: string, command: DirectoryCommand): void;
  /** By way of the primary. Answers whether it is still under way. */
  ask(command: DirectoryCommand): () => boolean;
  /** `holds`: the copy here has everything that was decided before the call. */
  confirm(then: (holds: boolean) => void): void;
}

interface Question {
  readonly group: GroupId;
  readonly topic: string;
  readonly from: number;
}

function keyOf({ id, topic }: ConsumerRef): string {
  return `${topic}/${id}`;
}

export class UnusedIds {
  readonly #host: UnusedHost;
  readonly #producers = new Set<string>();
  readonly #consumers = new Map<string, ConsumerRef>();
  #noting: () => boolean = () => false;
  /** Since when the hour is counted; undefined: this node is not the primary. */
  #hourSinceMs: number | undefined;
  /** There may be more to forget than was named last. */
  #forgets = false;
  #askSinceMs: number | undefined;
  #toAsk: Question[] = [];

  constructor(host: UnusedHost) {
    this.#host = host;
  }

  inUse({ producers, consumers }: IdsInUse): void {
    const { limits } = this.#host;
    const due = this.#host.machine()?.uses.notLatelyUsed({ producers, consumers }, noteHours);
    // What finds no room is said again.
    for (const id of due?.producers ?? []) {
      if (this.#producers.size < limits.usedIdsTogether) this.#producers.add(id);
    }
    for (const consumer of due?.consumers ?? []) {
      if (this.#consumers.size < limits.usedIdsTogether) this.#consumers.set(keyOf(consumer), consumer);
    }
  }

  tick(nowMs: number): void {
    this.#note();
    this.#countHour(nowMs);
    if (this.#forgets) this.#forget();
    this.#askForCursors(nowMs);
  }

  /** A leading replica shows cursors. */
  held({ group, topic, cursors, next }: CursorsHeld): void {
    if (next > 0) this.#toAsk.push({ group, topic, from: next });
    const isMissing = ({ consumer }: (typeof cursors)[number]): boolean =>
      this.#host.machine()?.hasConsumer({ id: consumer, topic }) === false;
    if (!cursors.some(isMissing)) return;
    this.#host.confirm((holds) => {
      const gone = holds && this.#isOf(group, topic) ? cursors.filter(isMissing) : [];
      if (gone.length === 0) return;
      this.#host.context.trace.note('info', 'consumers.cursors-dropped', {
        group,
        topic,
        cursors: gone.length,
      });
      this.#tell(group, { kind: 'forget-cursors', cursors: gone });
    });
  }

  #note(): void {
    const size = this.#producers.size + this.#consumers.size;
    if (size === 0 || this.#noting()) return;
    const [producers, consumers] = [[...this.#producers], [...this.#consumers.values()]];
    this.#producers.clear();
    this.#consumers.clear();
    this.#noting = this.#host.ask({ kind: 'ids-used', producers, consumers });
  }

  #countHour(nowMs: number): void {
    const { days, limits } = this.#host;
    if (days === 0 || !this.#host.isPrimary()) {
      this.#hourSinceMs = undefined;
      this.#forgets = false;
      return;
    }
    this.#hourSinceMs ??= nowMs;
    if (nowMs - this.#hourSinceMs < limits.useHourMs) return;
    // However late this is: an hour in which the process stood still is one hour.
    this.#hourSinceMs = nowMs;
    this.#host.want('use-hour', { kind: 'use-hour' });
    this.#forgets = true;
  }

  #forget(): void {
    const { days, limits } = this.#host;
    const hours = 24 * days;
    const found = this.#host.machine()?.uses.unused(hours, limits.usedIdsTogether);
    if (found === undefined || found.producers.length + found.consumers.length === 0) this.#forgets = false;
    else this.#host.want('forget-unused', { kind: 'forget-unused', hours, ...found });
  }

  /** Once an hour everything that is led here, a few with each tick. */
  #askForCursors(nowMs: number): void {
    this.#askSinceMs ??= nowMs;
    if (nowMs - this.#askSinceMs >= this.#host.limits.useHourMs && this.#toAsk.length === 0) {
      this.#askSinceMs = nowMs;
      this.#toAsk = [...this.#questions()];
    }
    for (const { group, topic, from } of this.#toAsk.splice(0, askedTogether)) {
      this.#tell(group, { kind: 'show-cursors', topic, from });
    }
  }

  *#questions(): Generator<Question> {
    const led = new Set(this.#host.led());
    for (const { name, partitions } of this.#host.machine()?.topics() ?? []) {
      for (const { group } of partitions) if (led.has(group)) yield { group, topic: name, from: 0 };
    }
  }

  #isOf(group: GroupId, name: string): boolean {
    const topic: Topic | undefined = this.#host.machine()?.topic(name);
    return topic?.partitions.some((placement) => placement.group === group) === true;
  }

  #tell(group: GroupId, message: PartitionReplicaMessage): void {
    const { context } = this.#host;
    context.send(
      refTo<PartitionReplicaMessage>(context.self.node, partitionActorId(group)),
      message,
      'control',
    );
  }
}
