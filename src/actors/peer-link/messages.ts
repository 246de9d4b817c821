/**
 * PeerLink: one per node, actor id `peer-link`. Fans the links' news out to whoever watches: a closed connection is news
 * for every replica whose leader sits behind it.
 */
import type { Ref } from '../../kernel/index.ts';
import type { GroupLink } from '../group/messages.ts';

/** From the transport: both sockets to `node` are up, or one of them closed. */
export interface LinkNews {
  readonly kind: 'link-news';
  readonly node: string;
  readonly up: boolean;
}

/** Watch all links; the current state of each known link is told first. Ends with the watcher. */
export interface WatchLinks {
  readonly kind: 'watch-links';
  readonly watcher: Ref<GroupLink>;
}

/** A watcher's incarnation ended. */
export interface WatcherGone {
  readonly kind: 'watcher-gone';
  readonly id: string;
}

export type PeerLinkMessage = LinkNews | WatchLinks | WatcherGone;

export const peerLinkActorId = 'peer-link';
