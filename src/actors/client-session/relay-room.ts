/**
 * How many pulls a node's sessions may have open at each other node, all together: what clients draw across a link must leave it
 * room for consensus. One per node, shared by its sessions; at the bound they take turns.
 */
export interface RelayUser {
  /** There is a place for it now: it should draw soon. */
  wake(): void;
}

interface Peer {
  open: number;
  /** Those that were refused, in order, each once. */
  readonly waiting: Set<RelayUser>;
  /** A place is kept for each of these until it takes it or settles. */
  readonly promised: Set<RelayUser>;
}

export class RelayRoom {
  readonly #most: number;
  readonly #peers = new Map<string, Peer>();

  constructor(most: number) {
    this.#most = most;
  }

  /** False: all places are taken, and `user` is woken when it is its turn. */
  take(node: string, user: RelayUser): boolean {
    const peer = this.#peer(node);
    if (!peer.promised.delete(user) && peer.open + peer.promised.size >= this.#most) {
      peer.waiting.add(user);
      return false;
    }
    peer.open += 1;
    return true;
  }

  release(node: string): void {
    const peer = this.#peer(node);
    peer.open -= 1;
    this.#promise(peer);
  }

  /** `user` has drawn what it could: of what was promised to it the rest is for others, and it waits on only where it was refused. */
  settle(user: RelayUser, refused: ReadonlySet<string>): void {
    for (const [node, peer] of this.#peers) {
      if (!refused.has(node)) peer.waiting.delete(user);
      if (peer.promised.delete(user)) this.#promise(peer);
    }
  }

  #promise(peer: Peer): void {
    while (peer.open + peer.promised.size < this.#most) {
      const [next] = peer.waiting;
      if (next === undefined) return;
      peer.waiting.delete(next);
      peer.promised.add(next);
      next.wake();
    }
  }

  #peer(node: string): Peer {
    const known = this.#peers.get(node);
    if (known !== undefined) return known;
    const fresh: Peer = { open: 0, waiting: new Set(), promised: new Set() };
    this.#peers.set(node, fresh);
    return fresh;
  }
}
