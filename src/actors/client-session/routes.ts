/**
 * Which node leads which partition, as this session was last told. A frame for a partition whose leader is not known waits, in
 * order, while the gateway finds out.
 */
import type { GroupId, SessionOf } from '@callboard/client/protocol';

export interface Route {
  readonly group: GroupId;
  readonly node: string;
  /** Of a subscription's owner: the lowest session number that may be its own; absent: 1. */
  readonly since?: number;
}

export interface Destination {
  readonly topic: string;
  readonly partition: number;
  /** Of the partition, as its sender learned it. */
  readonly group?: GroupId;
  readonly owner?: SessionOf | undefined;
}

function keyOf({ topic, partition }: Destination): string {
  return `${topic}/${partition}`;
}

export class Routes<F extends Destination> {
  readonly #known = new Map<string, Route>();
  readonly #waiting = new Map<string, F[]>();
  #waitingFrames = 0;

  get size(): number {
    return this.#known.size;
  }

  /** Frames that wait. */
  get waiting(): number {
    return this.#waitingFrames;
  }

  /** Not what is older than what the sender knows of. */
  known(to: Destination): Route | undefined {
    const route = this.#known.get(keyOf(to));
    return route !== undefined && to.group !== undefined && to.group > route.group ? undefined : route;
  }

  /** True: this is the first to wait, somebody has to ask. */
  wait(frame: F): boolean {
    const waiting = this.#waiting.get(keyOf(frame));
    this.#waitingFrames += 1;
    if (waiting === undefined) this.#waiting.set(keyOf(frame), [frame]);
    else waiting.push(frame);
    return waiting === undefined;
  }

  /** Who waited, in order. */
  found(to: Destination, route: Route | undefined): readonly F[] {
    const key = keyOf(to);
    if (route !== undefined) this.#known.set(key, route);
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    this.#waitingFrames -= waiting.length;
    return waiting;
  }

  /** That node does not lead it, or cannot be reached. What was learnt since then stays. */
  forget(to: Destination, node: string): void {
    if (this.#known.get(keyOf(to))?.node === node) this.#known.delete(keyOf(to));
  }

  forgetNode(node: string): void {
    for (const [key, route] of this.#known) if (route.node === node) this.#known.delete(key);
  }
}
