/**
 * PeerLink: tells whoever watches when a link to another node comes up or closes. Keeps the last news of each link for
 * those who begin to watch later, and passes on only what changes: a link has two sockets, and both may close. It outlives all
 * who send over the links, and so tells what those who have ended could not.
 */
import type { Actor, Context } from '../../kernel/index.ts';
import type { Ref } from '../../kernel/index.ts';
import type { GroupLink } from '../group/messages.ts';
import type { LastWords, LinkNews, PeerLinkMessage, WatchLinks } from './messages.ts';

/** Pause before a full link is tried again. */
const retryMs = 50;

export class PeerLink implements Actor<PeerLinkMessage> {
  readonly #links = new Map<string, boolean>();
  /** By actor id: watchers live on this node. */
  readonly #watchers = new Map<string, Ref<GroupLink>>();
  /** In order. As many as had something open with who ended: no more than the tables of those took. */
  #untold: LastWords[] = [];
  #retrying = false;

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
      case 'last-words':
        this.#untold.push(message);
        if (!this.#retrying) this.#tell(context);
        return;
      case 'link-tick':
        this.#retrying = false;
        return this.#tell(context);
    }
  }

  inspect(): Record<string, unknown> {
    const up = [...this.#links].filter(([, isUp]) => isUp).map(([node]) => node);
    const down = [...this.#links].filter(([, isUp]) => !isUp).map(([node]) => node);
    return { up, down, watchers: this.#watchers.size, untold: this.#untold.length };
  }

  #news({ node, up }: LinkNews, context: Context<PeerLinkMessage>): void {
    if (this.#links.get(node) === up) return;
    this.#links.set(node, up);
    if (!up) this.#untold = this.#untold.filter(({ to }) => to.node !== node);
    context.trace.note('info', up ? 'link.up' : 'link.down', { peer: node });
    for (const watcher of this.#watchers.values()) {
      context.send(watcher, { kind: 'group-link', node, up }, 'control');
    }
  }

  #tell(context: Context<PeerLinkMessage>): void {
    const full = new Set<string>();
    this.#untold = this.#untold.filter(({ to, message }) => {
      if (!full.has(to.node) && context.send(to, message, 'control') !== 'full') return false;
      full.add(to.node);
      return true;
    });
    if (this.#retrying || this.#untold.length === 0) return;
    this.#retrying = true;
    context.after(retryMs, { kind: 'link-tick' });
  }

  #watch({ watcher }: WatchLinks, context: Context<PeerLinkMessage>): void {
    this.#watchers.set(watcher.id, watcher);
    for (const [node, up] of this.#links) context.send(watcher, { kind: 'group-link', node, up }, 'control');
    context.monitor(watcher, { kind: 'watcher-gone', id: watcher.id });
  }
}
