/** Serving entries to a peer that heals. Anyone may, damaged or not: the checksum proves the bytes, not the sender. */
import type { LogIndex, ReplicaId } from '@callboard/client/protocol';
import { noIndex, toIndex } from './brand-arithmetic.ts';
import type { Core } from './core.ts';
import type { Fetch } from './messages.ts';
import type { Entry } from './types.ts';

interface Request {
  readonly peer: ReplicaId;
  readonly index: LogIndex;
  readonly checksum: number;
}

const nothing: readonly Entry[] = [];

export class FetchServer {
  /** One request per peer; it asks again if it wants something else. */
  readonly #pending: Map<number, Request> = new Map();

  onFetch(core: Core, message: Fetch): void {
    const { from: peer, index, checksum } = message;
    const request: Request = { peer, index, checksum };
    const highest = core.healing?.highest ?? core.log.last;
    if (index === 0 || index > highest) {
      answer(core, request, nothing);
      return;
    }
    for (const other of this.#pending.values()) if (other.peer === peer) return;
    const { appendBytes: maxBytes, appendEntries: maxEntries } = core.limits;
    const id = core.load({ reason: 'serve', from: toIndex(1), to: index, maxBytes, maxEntries });
    this.#pending.set(id, request);
  }

  /** True if `id` was one of its own. */
  onLoaded(core: Core, id: number, entries: readonly Entry[]): boolean {
    const request = this.#pending.get(id);
    if (request === undefined) return false;
    this.#pending.delete(id);
    answer(core, request, chainEndingIn(entries, request.index, request.checksum));
    return true;
  }
}

function answer(core: Core, request: Request, entries: readonly Entry[]): void {
  const { peer: to, index, checksum } = request;
  core.send({ kind: 'fetched', from: core.self, to, term: core.term, index, checksum, entries });
}

/** The longest end of `entries` in which each names the one before it and the last is the one asked for. */
export function chainEndingIn(
  entries: readonly Entry[],
  index: LogIndex,
  checksum: number,
): readonly Entry[] {
  let wantedIndex = index;
  let wantedChecksum = checksum;
  let from = entries.length;
  for (let at = entries.length - 1; at >= 0; at -= 1) {
    const entry = entries[at];
    if (entry === undefined || entry.index !== wantedIndex || entry.checksum !== wantedChecksum) break;
    if (entry.index === noIndex) break;
    from = at;
    wantedIndex = toIndex(entry.index - 1);
    wantedChecksum = entry.previous;
  }
  return from === 0 ? entries : entries.slice(from);
}
