/** What every fault gets: the world, a generator of its own, an aim, and a way to come to an end. */
import type { FaultKind } from '../observe/fault-kinds.ts';
import type { SimNode } from '../node.ts';
import type { SimRandom } from '../ports/sim-random.ts';
import type { Clients } from '../workload/clients.ts';
import type { World } from '../world.ts';
import type { Aim } from './aim.ts';
import type { Triggers } from './triggers.ts';

export interface FaultContext {
  readonly world: World;
  readonly clients: Clients;
  readonly random: SimRandom;
  readonly aim: Aim;
  readonly triggers: Triggers;
  /** Notes what a node is to its groups as this fault hits it; called before the blow. */
  hits(kind: FaultKind, node: SimNode): void;
  /** Undoes the fault after this long, or when everything is healed. */
  during(ms: number, undo: () => void): void;
  /** Starts the node again after this long, unless somebody else has. */
  restartAfter(ms: number, node: SimNode): void;
}

/** Does it if it can be done now; true if it took effect. What counts itself elsewhere answers false. */
export type Fault = (context: FaultContext) => boolean;
