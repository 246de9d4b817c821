/** What a node is to its groups when a fault hits it, for the table of what the faults have met. */
import type { SimNode } from '../node.ts';
import type { Role } from '../observe/fault-kinds.ts';
import type { World } from '../world.ts';

/** All that it is: it may lead one group and heal in another. */
export function rolesOf(world: World, node: SimNode): readonly Role[] {
  if (!node.running) return ['down'];
  const { promises, raft } = world.checks;
  const roles = new Set<Role>();
  for (const group of promises.groupsOf(node.name)) {
    const view = raft.view(node.name, group);
    if (view === undefined || view.life !== node.life) continue;
    const { role, damaged } = view.raft.status();
    if (damaged) roles.add('healing');
    else if (role === 'leader') roles.add('leader');
    else if (role === 'follower') roles.add('follower');
    else roles.add('candidate');
  }
  return [...roles];
}
