/**
 * Scrubber: re-reads the node's whole log in the background, so that damage is found while the other replicas are still whole.
 * Actor id `scrubber`. Takes only its own timer and the report of the page that it asked for; tells a replica whose copy
 * is bad by `group-damage`.
 */
import type { Actor, Context } from '../../kernel/index.ts';
import { refTo } from '../../kernel/index.ts';
import { partitionActorId, type PartitionReplicaMessage } from '../partition-replica/messages.ts';
import type { GroupId, LogIndex } from '@callboard/client/protocol';

/** What one page came to: see the scrub step of the storage room, which makes them. */
export type ScrubPage =
  | { readonly kind: 'page'; readonly group: GroupId; readonly bytes: number }
  | { readonly kind: 'bad'; readonly group: GroupId; readonly index: LogIndex }
  | { readonly kind: 'pass'; readonly groups: number };

export type ScrubberMessage =
  { readonly kind: 'scrub-tick' } | { readonly kind: 'scrub-report'; readonly page: ScrubPage };

export interface ScrubberOptions {
  /** Reads and checks one page, then reports; not before the page before has reported. */
  readonly step: (done: (page: ScrubPage) => void) => void;
  /** Between two pages; sets the pace and so the load. */
  readonly pageEveryMs: number;
  /** Between two passes. */
  readonly passEveryMs: number;
}

export const scrubberActorId = 'scrubber';

export class ScrubberActor implements Actor<ScrubberMessage> {
  readonly #options: ScrubberOptions;
  #pages = 0;
  #bytes = 0;
  #passes = 0;
  #bad = 0;

  constructor(options: ScrubberOptions) {
    this.#options = options;
  }

  start(context: Context<ScrubberMessage>): void {
    // Not at once: a node that starts has better things to read.
    context.after(this.#options.passEveryMs * context.random(), { kind: 'scrub-tick' });
  }

  receive(message: ScrubberMessage, context: Context<ScrubberMessage>): void {
    if (message.kind === 'scrub-tick') {
      this.#options.step((page) => context.send(context.self, { kind: 'scrub-report', page }, 'control'));
      return;
    }
    const { page } = message;
    if (page.kind === 'pass') this.#passes += 1;
    else if (page.kind === 'page') {
      this.#pages += 1;
      this.#bytes += page.bytes;
    } else this.#found(page.group, page.index, context);
    const { pageEveryMs, passEveryMs } = this.#options;
    context.after(page.kind === 'pass' ? passEveryMs : pageEveryMs, { kind: 'scrub-tick' });
  }

  inspect(): Record<string, unknown> {
    return { pages: this.#pages, bytes: this.#bytes, passes: this.#passes, bad: this.#bad };
  }

  #found(group: GroupId, index: LogIndex, context: Context<ScrubberMessage>): void {
    this.#bad += 1;
    context.trace.note('warn', 'scrubber.damage', { group, index });
    const id = group === 0 ? 'manager' : partitionActorId(group);
    context.send(
      refTo<PartitionReplicaMessage>(context.self.node, id),
      { kind: 'group-damage', index },
      'control',
    );
  }
}
