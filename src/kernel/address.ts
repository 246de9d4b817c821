/**
 * Where an actor lives: (node, shard, id). One shard runs per node today; the field exists so that a node can
 * later run one event loop per core without any address changing its shape.
 */
export interface Address {
  readonly node: string;
  readonly shard: number;
  readonly id: string;
}

declare const accepts: unique symbol;

/** An address that remembers which message union its actor takes. The type parameter exists at compile time only. */
export interface Ref<in M> extends Address {
  readonly [accepts]?: (message: M) => void;
}

/** Names the actor `id` on `node`; says nothing about whether it exists. */
export function refTo<M>(node: string, id: string, shard = 0): Ref<M> {
  return { node, shard, id };
}

/** A stable text for maps, traces and logs: `node/shard/id`. */
export function formatAddress(address: Address): string {
  return `${address.node}/${address.shard}/${address.id}`;
}
