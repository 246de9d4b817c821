/**
 * PeerLink: tells whoever watches when a link to another node comes up or closes. Keeps the last news of each link for
 * those who begin to watch later, and passes on only what changes: a link has two sockets, and both may close.
 */
import type { Actor, Context } from '../../kernel/index.ts';
import type { Ref } from '../../kernel/index.ts';
import type { GroupLink } from '../group/messages.ts';
import type { LinkNews, PeerLinkMessage, WatchLinks } from './messages.ts';

export class PeerLink implements Actor<PeerLinkMessage> {
  readonly #links = new Map<string, boolean>();
  /** By actor id: watchers live on this node. */
  readonly #watchers = new Map<string, Ref<GroupLink>>();

  receive(message: PeerLinkMessage, context: Context<PeerLinkMessage>): void {
    switch (message.kind) {
      case 'link-news':
        return this.#news(message, context);
      case 'watch-links':
        return this.#watch(message, context);
      case 'watcher-gone':
        // Comes before anything that the watcher's next incarnation sends on this lane.
        this.#watchers.delete(message.id);
        return;
    }
  }

  inspect(): Record<string, unknown> {
    const up = [...this.#links].filter(([, isUp]) => isUp).map(([node]) => node);
    const down = [...this.#links].filter(([, isUp]) => !isUp).map(([node]) => node);
    return { up, down, watchers: this.#watchers.size };
  }

  #news({ node, up }: LinkNews, context: Context<PeerLinkMessage>): void {
    if (this.#links.get(node) === up) return;
    this.#links.set(node, up);
    context.trace.note('info', up ? 'link.up' : 'link.down', { peer: node });
    for (const watcher of this.#watchers.values()) {
      context.send(watcher, { kind: 'group-link', node, up }, 'control');
    }
  }

  #watch({ watcher }: WatchLinks, context: Context<PeerLinkMessage>): void {
    this.#watchers.set(watcher.id, watcher);
    for (const [node, up] of this.#links) context.send(watcher, { kind: 'group-link', node, up }, 'control');
    context.monitor(watcher, { kind: 'watcher-gone', id: watcher.id });
  }
}
