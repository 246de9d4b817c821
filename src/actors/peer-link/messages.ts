/**
 * PeerLink: one per node, actor id `peer-link`. Fans the links' news out to whoever watches: a closed connection is news
 * for every replica whose leader sits behind it.
 */
import type { Ref } from '../../kernel/index.ts';
import type { GroupLink } from '../group/messages.ts';
import type { PushNews } from '../partition-replica/push-messages.ts';

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

/**
 * From an actor that ends while a link is full: what somebody on that link's node waits for, and would wait for without end. It is
 * told as soon as the link has room; once the link closes nobody waits any more.
 */
export interface LastWords {
  readonly kind: 'last-words';
  readonly to: Ref<PushNews>;
  readonly message: PushNews;
}

/** The actor's own timer: a full link may have room again. */
export interface LinkTick {
  readonly kind: 'link-tick';
}

/** A watcher's incarnation ended. */
export interface WatcherGone {
  readonly kind: 'watcher-gone';
  readonly id: string;
}

export type PeerLinkMessage = LinkNews | WatchLinks | WatcherGone | LastWords | LinkTick;

export const peerLinkActorId = 'peer-link';
