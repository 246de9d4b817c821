/** What placements have put on each node, which decides where the next ones go. */
import { brokerState, type Broker } from './contract.ts';
import type { Candidate } from './placement.ts';

interface Load {
  replicas: number;
  leads: number;
}

const noLoad: Load = { replicas: 0, leads: 0 };

export class Loads {
  /** By name of the node. */
  readonly #loads = new Map<string, Load>();

  add(node: string, leads: boolean, change: 1 | -1): void {
    const load = this.#loads.get(node) ?? { replicas: 0, leads: 0 };
    load.replicas += change;
    if (leads) load.leads += change;
    this.#loads.set(node, load);
  }

  /** The brokers that may hold new replicas. */
  candidates(brokers: Iterable<Broker>): readonly Candidate[] {
    const candidates: Candidate[] = [];
    for (const broker of brokers) {
      if (broker.leaving || broker.replica === undefined) continue;
      const { replicas, leads } = this.#loads.get(broker.name) ?? noLoad;
      candidates.push({
        node: broker.name,
        replica: broker.replica,
        active: brokerState(broker) === 'active',
        replicas,
        leads,
      });
    }
    return candidates;
  }

  *describe(): Iterable<string> {
    for (const [node, { replicas, leads }] of this.#loads) {
      yield JSON.stringify(['load', node, replicas, leads]);
    }
  }
}
