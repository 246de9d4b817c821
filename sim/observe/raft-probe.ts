/**
 * Sees every step of every consensus core of the simulated cluster, and every entry that a partition applies. It takes the
 * place of the public methods of the classes, so that production carries no hook; who steps is known from the actor whose turn it is.
 */
import type { Actor, Context } from '../../src/kernel/index.ts';
import { PartitionMachine } from '../../src/partition/index.ts';
import { Raft } from '../../src/raft/index.ts';
import type { Effects, Input } from '../../src/raft/index.ts';
import { turnBegins } from './proposal-probe.ts';

/** One core, from its log's opening to the end of its actor's incarnation. */
export interface RaftView {
  readonly node: string;
  /** The node's process, counted from 1. */
  readonly life: number;
  readonly group: number;
  readonly raft: Raft;
  /** The highest commit index that was seen of it. */
  commit: number;
}

export interface RaftObserver {
  /** Before anything else is heard of a core. */
  opened(view: RaftView): void;
  before(view: RaftView, input: Input): void;
  after(view: RaftView, input: Input, effects: Effects): void;
  /** A partition is about to apply this chunk. */
  applying(node: string, group: number, index: number, chunk: Uint8Array): void;
}

interface Site {
  readonly node: string;
  readonly life: number;
  readonly group: number;
}

let site: Site | undefined;
let views = new WeakMap<Raft, RaftView>();

/** Runs `body` while all steps are told to `observer`. */
export function withRaftObserver<T>(observer: RaftObserver, body: () => T): T {
  const step = Raft.prototype.step;
  const apply = PartitionMachine.prototype.apply;
  views = new WeakMap();
  PartitionMachine.prototype.apply = function observed(this: PartitionMachine, index, chunk) {
    if (site !== undefined) observer.applying(site.node, site.group, index, chunk);
    return apply.call(this, index, chunk);
  };
  Raft.prototype.step = function observed(this: Raft, input: Input, effects: Effects): void {
    const view = viewOf(this, observer);
    observer.before(view, input);
    step.call(this, input, effects);
    observer.after(view, input, effects);
  };
  try {
    return body();
  } finally {
    Raft.prototype.step = step;
    PartitionMachine.prototype.apply = apply;
    site = undefined;
  }
}

function viewOf(raft: Raft, observer: RaftObserver): RaftView {
  const known = views.get(raft);
  if (known !== undefined) return known;
  if (site === undefined) throw new Error('a consensus core runs outside of any observed actor');
  const view: RaftView = { ...site, raft, commit: 0 };
  views.set(raft, view);
  observer.opened(view);
  return view;
}

/** An actor that drives a group: marks its turns, so that its core's steps are known to be its own. */
export class SiteActor<M> implements Actor<M> {
  readonly #inner: Actor<M>;
  readonly #site: Site;

  constructor(inner: Actor<M>, node: string, life: number, group: number) {
    this.#inner = inner;
    this.#site = { node, life, group };
  }

  start(context: Context<M>): void {
    this.#begin(undefined);
    this.#inner.start?.(context);
  }

  receive(message: M, context: Context<M>): void {
    this.#begin(message);
    this.#inner.receive(message, context);
  }

  turnEnded(context: Context<M>): void {
    this.#begin(undefined);
    this.#inner.turnEnded?.(context);
  }

  stopped(): void {
    this.#begin(undefined);
    this.#inner.stopped?.();
  }

  undelivered(message: M, context: Context<M>): void {
    site = this.#site;
    this.#inner.undelivered?.(message, context);
  }

  inspect(): Record<string, unknown> {
    return this.#inner.inspect?.() ?? {};
  }

  #begin(message: M | undefined): void {
    site = this.#site;
    turnBegins(site.node, site.life, site.group, message);
  }
}
