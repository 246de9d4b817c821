/**
 * Brokers and nodes. A node presents itself under its name; a broker is what may hold partitions. Usually the first makes the
 * second; a manual node waits for an admin, and an admin may name a broker before its node has ever been seen.
 */
import type {
  AdminAction,
  Applied,
  Broker,
  DirectoryCommand,
  DirectoryNode,
  DirectoryResult,
} from './contract.ts';
import * as errors from './errors.ts';
import { isBrokerName, isId } from './names.ts';

export interface BrokerTable {
  readonly brokers: Map<string, Broker>;
  readonly nodes: Map<string, DirectoryNode>;
  /** Bounds both tables. */
  readonly mostBrokers: number;
  readonly nameBytes: number;
}

type RegisterNode = Extract<DirectoryCommand, { readonly kind: 'register-node' }>;

const done: DirectoryResult = { ok: true, partitions: 0 };

function unchanged(): Applied {
  return { result: done, events: [] };
}

function no(result: DirectoryResult): Applied {
  return { result, events: [] };
}

/** Stores the broker and tells of it if it differs from what is there. */
function put(table: BrokerTable, broker: Broker): Applied {
  const old = table.brokers.get(broker.name);
  const same =
    old !== undefined &&
    old.replica === broker.replica &&
    old.url === broker.url &&
    old.deactivated === broker.deactivated &&
    old.alive === broker.alive &&
    old.leaving === broker.leaving;
  if (same) return unchanged();
  table.brokers.set(broker.name, broker);
  return { result: done, events: [{ kind: 'broker', broker }] };
}

function drop(table: BrokerTable, broker: string): Applied {
  table.brokers.delete(broker);
  return { result: done, events: [{ kind: 'broker-gone', broker }] };
}

/**
 * Whoever presents itself is alive. An admin's word stands: deactivated and leaving brokers stay what they are. A new
 * journal id means that the node lost its disk; its old placements keep the old id, and those replicas stay out.
 */
export function registerNode(table: BrokerTable, command: RegisterNode): Applied {
  const { name, replica, url, manual } = command;
  if (!isBrokerName(name, table.nameBytes)) return no(errors.badBrokerName(name, table.nameBytes));
  if (!isId(replica)) return no(errors.badId(replica));
  const known = table.brokers.get(name);
  const full = !table.nodes.has(name) && table.nodes.size >= table.mostBrokers;
  const brokersFull = known === undefined && !manual && table.brokers.size >= table.mostBrokers;
  if (full || brokersFull) return no(errors.limitReached('brokers', table.mostBrokers));
  table.nodes.set(name, { name, replica, url });
  if (known !== undefined) return put(table, { ...known, replica, url, alive: true });
  if (manual) return unchanged();
  return put(table, { name, replica, url, alive: true, deactivated: false, leaving: false });
}

export function setAlive(table: BrokerTable, name: string, alive: boolean): Applied {
  const broker = table.brokers.get(name);
  if (broker === undefined) return no(errors.brokerNotFound(name));
  // Nothing can be known of the health of a node that was never seen.
  if (broker.replica === undefined) return unchanged();
  return put(table, { ...broker, alive });
}

function add(table: BrokerTable, name: string): Applied {
  const broker = table.brokers.get(name);
  if (broker !== undefined) {
    return broker.leaving ? put(table, { ...broker, leaving: false }) : no(errors.brokerExists(name));
  }
  if (!isBrokerName(name, table.nameBytes)) return no(errors.badBrokerName(name, table.nameBytes));
  if (table.brokers.size >= table.mostBrokers) return no(errors.limitReached('brokers', table.mostBrokers));
  const node = table.nodes.get(name);
  return put(table, {
    name,
    replica: node?.replica,
    url: node?.url,
    alive: node !== undefined,
    deactivated: false,
    leaving: false,
  });
}

/** To an admin a broker that is leaving is gone, except that `add` brings it back as it was. */
export function admin(table: BrokerTable, action: AdminAction, name: string): Applied {
  if (action === 'add') return add(table, name);
  const broker = table.brokers.get(name);
  if (broker === undefined || broker.leaving) return no(errors.brokerNotFound(name));
  switch (action) {
    case 'remove':
      // Nothing was ever placed on what no node has presented itself as, so there is nothing to leave.
      if (broker.replica === undefined) return drop(table, name);
      return put(table, { ...broker, leaving: true });
    case 'activate':
      return put(table, { ...broker, deactivated: false });
    case 'deactivate':
      return put(table, { ...broker, deactivated: true });
  }
}
