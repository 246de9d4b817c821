/** Whom a fault hits: any node that qualifies, or, by a seed's bias, one that leads something. */
import type { Role } from '../observe/fault-kinds.ts';
import { rolesOf } from './roles.ts';
import type { SimNode } from '../node.ts';
import type { SimRandom } from '../ports/sim-random.ts';
import type { World } from '../world.ts';

export class Aim {
  readonly #world: World;
  readonly #random: SimRandom;
  /** What the node that was found last was to its groups then. */
  lastRoles: readonly Role[] = [];

  constructor(world: World, random: SimRandom) {
    this.#world = world;
    this.#random = random;
  }

  /** A node of those that `fits` takes; undefined if there is none. */
  node(fits: (node: SimNode) => boolean): SimNode | undefined {
    const fitting = this.#world.nodes.filter(fits);
    if (fitting.length === 0) return undefined;
    const leading = fitting.filter((node) => this.leads(node));
    const biased = leading.length > 0 && this.#random.chance(this.#world.settings.faults.leaderBias);
    const found = this.#random.pick(biased ? leading : fitting);
    this.lastRoles = rolesOf(this.#world, found);
    return found;
  }

  running(): SimNode | undefined {
    return this.node((node) => node.running && !node.blocked);
  }

  leads(node: SimNode): boolean {
    const { promises, raft } = this.#world.checks;
    return promises.groupsOf(node.name).some((group) => {
      const view = raft.view(node.name, group);
      return view?.life === node.life && view.raft.status().role === 'leader';
    });
  }
}
