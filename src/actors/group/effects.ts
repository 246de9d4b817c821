/** One reusable set of effects: a step adds to it, the driver acts on it and clears it. */
import type { Effects } from '../../raft/index.ts';

export function emptyEffects(): Effects {
  return {
    send: [],
    persist: [],
    load: [],
    reads: [],
    commit: undefined,
    role: undefined,
    healed: false,
    damage: undefined,
  };
}

export function clearEffects(effects: Effects): void {
  effects.send.length = 0;
  effects.persist.length = 0;
  effects.load.length = 0;
  effects.reads.length = 0;
  effects.commit = undefined;
  effects.role = undefined;
  effects.healed = false;
  effects.damage = undefined;
}
