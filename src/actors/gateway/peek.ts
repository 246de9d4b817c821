/**
 * Looks which of many partitions are empty for a consumer, all at the same time, so that a consume over a wide topic with little
 * in it waits for one round and not for one per partition. Looking takes nothing, so it may be repeated.
 */
import type { PendingCall } from './calls.ts';
import { nodesOf, type ConsumerScope, type GatewayParts } from './parts.ts';

export class Peek {
  readonly #known = new Map<number, 'empty' | 'worth asking'>();

  /** `news`: one more partition is known. Every partition is known by `deadlineMs`, also one that nobody answers for. */
  constructor(
    parts: GatewayParts,
    call: PendingCall,
    scope: ConsumerScope,
    wanted: readonly number[],
    options: { readonly deadlineMs: number; readonly news: () => void },
  ) {
    for (const partition of wanted) {
      const group = scope.groups[partition];
      if (group === undefined) throw new Error(`topic ${scope.topic} has no partition ${partition}`);
      parts.asks.start({
        group,
        repeatable: true,
        deadlineMs: options.deadlineMs,
        replicas: () => nodesOf(parts, group),
        request: (id, replyTo) =>
          call.open ? { kind: 'size', id, replyTo, consumer: scope.consumer } : undefined,
        refused: () => undefined,
        settled: (result) => {
          const empty =
            result.kind === 'answer' &&
            result.answer.kind === 'sized' &&
            result.answer.size + result.answer.open === 0;
          this.#known.set(partition, empty ? 'empty' : 'worth asking');
          options.news();
        },
      });
    }
  }

  /** Undefined: not known yet. */
  of(partition: number): 'empty' | 'worth asking' | undefined {
    return this.#known.get(partition);
  }
}
