/**
 * The changes that were asked for on this node: each is carried to the primary, again and again if need be, until what
 * its asker was promised holds or its time is up.
 *
 * Every try has a number of its own. A try that was refused is over; one without an answer may still be carried out,
 * and then the outcome is unknown. All tries carry one tag, so the directory makes the change once.
 */
import { refTo, type Context } from '../../kernel/index.ts';
import {
  createsTopic,
  encodeEntry,
  type DirectoryCommand,
  type DirectoryResult,
} from '../../directory/index.ts';
import { hex, type CallError, type Limits } from '@callboard/client/protocol';
import { badCommand, removedMeanwhile, tooManyWaiting } from './errors.ts';
import {
  managerActorId,
  type AppliedAnswer,
  type Change,
  type ManagerMessage,
  type PrimaryAnswer,
} from './messages.ts';
import { needsTag } from './primary.ts';
import { lateError, type Asker, type PendingChange } from './pending-change.ts';
import type { DirectoryView } from './view.ts';

/**
 * The directory decides a tagged change once. What has no tag may be refused, and yet be carried out by another try. A topic that was
 * created here, or by somebody else, may be removed before it is ready.
 */
function decided({ command, open, result }: PendingChange, view: DirectoryView): DirectoryResult | undefined {
  if (createsTopic(command) && !view.exists(command.name)) {
    if (result?.ok === true) return { ok: false, error: removedMeanwhile(command.name, 'unknown') };
    if (result?.error.code === 'topic_exists') {
      return { ok: false, error: removedMeanwhile(command.name, 'not_applied') };
    }
  }
  if (result === undefined || result.ok || open.size === 0 || needsTag(command)) return result;
  return { ok: false, error: { ...result.error, outcome: 'unknown' } };
}

export class Changes {
  readonly #context: Context<ManagerMessage>;
  readonly #view: DirectoryView;
  readonly #limits: Limits;
  readonly #nextId: () => number;
  readonly #pending = new Set<PendingChange>();
  readonly #tries = new Map<number, PendingChange>();
  readonly #spreads = new Map<number, PendingChange>();
  #applying: PendingChange[] = [];
  #readying: PendingChange[] = [];

  constructor(context: Context<ManagerMessage>, view: DirectoryView, limits: Limits, nextId: () => number) {
    this.#context = context;
    this.#view = view;
    this.#limits = limits;
    this.#nextId = nextId;
  }

  get size(): number {
    return this.#pending.size;
  }

  ask(message: Change): void {
    const most = this.#limits.managerPendingChanges;
    const asker: Asker = { id: message.id, replyTo: message.replyTo };
    if (this.#pending.size >= most) this.#answer(asker, undefined, tooManyWaiting('changes', most));
    // Before it is sent: what cannot be written down cannot travel either.
    else if (encodeEntry({ tag: '', command: message.command }) === undefined) {
      this.#answer(asker, undefined, badCommand());
    } else this.#begin(asker, message.command, message.deadlineMs);
  }

  /** A change that the manager itself wants; the returned question is whether it is still on its way. */
  want(command: DirectoryCommand): () => boolean {
    const change = this.#begin(undefined, command, this.#limits.callDeadlineMs);
    return () => this.#pending.has(change);
  }

  /** Whether the answer is to a change and not to a read. */
  answered(answer: PrimaryAnswer): boolean {
    const change = this.#tries.get(answer.id);
    if (change === undefined) return false;
    this.#tries.delete(answer.id);
    change.open.delete(answer.id);
    if (change.phase !== 'asking') return true;
    if (answer.error !== undefined) this.#refused(change, answer.error);
    else if (answer.result !== undefined) {
      change.phase = 'applying';
      change.index = answer.index;
      change.result = answer.result;
      this.#applying.push(change);
    }
    return true;
  }

  /** Somebody else leads, or leads again: what the former primary did not answer is asked of the new one. */
  leaderChanged(): void {
    if (this.#view.leaderNode() === undefined) return;
    for (const change of this.#pending) {
      if (change.phase === 'asking') this.#try(change);
    }
  }

  /** After each turn in which something may have been applied; its events have been sent. */
  settle(): void {
    const applied = this.#view.applied();
    if (this.#applying.some((change) => change.index <= applied)) {
      const due = this.#applying.filter((change) => change.index <= applied);
      this.#applying = this.#applying.filter((change) => change.index > applied);
      for (const change of due) this.#afterApply(change);
    }
    if (this.#readying.length === 0) return;
    const ready = this.#readying.filter((change) => !this.#mustWait(change));
    if (ready.length === 0) return;
    this.#readying = this.#readying.filter((change) => this.#mustWait(change));
    for (const change of ready) this.#afterWait(change);
  }

  /** Another node has applied what it was asked about. */
  heard(message: AppliedAnswer): void {
    const change = this.#spreads.get(message.id);
    if (change === undefined) return;
    change.unheard.delete(message.node);
    if (change.unheard.size === 0) this.#finish(change, change.result, undefined);
  }

  tick(nowMs: number): void {
    const audience = new Set(this.#spreads.size > 0 ? this.#view.audience() : []);
    for (const change of this.#pending) {
      if (nowMs >= change.dueMs) {
        this.#finish(change, undefined, lateError(change, this.#view));
      } else if (change.phase === 'asking' && nowMs >= change.nextTryMs) {
        this.#try(change);
      } else if (change.phase === 'spreading') {
        this.#spread(change, audience, nowMs);
      }
    }
  }

  #begin(asker: Asker | undefined, command: DirectoryCommand, deadlineMs: number): PendingChange {
    const nowMs = this.#context.now();
    // The answer has a way to go before the asker's own deadline.
    const dueMs = nowMs + Math.max(0, deadlineMs - 2 * this.#limits.tickMs);
    const change: PendingChange = {
      asker,
      command,
      tag: this.#drawTag(),
      givenMs: deadlineMs,
      dueMs,
      phase: 'asking',
      open: new Set(),
      nextTryMs: nowMs,
      pauseMs: this.#limits.managerRetryMs,
      index: 0,
      result: undefined,
      removes: undefined,
      spread: 0,
      unheard: new Set(),
      nextSpreadMs: 0,
    };
    this.#pending.add(change);
    this.#try(change);
    return change;
  }

  #try(change: PendingChange): void {
    const nowMs = this.#context.now();
    const leader = this.#view.leaderNode();
    if (leader === undefined) {
      this.#pause(change, 0);
      return;
    }
    const id = this.#nextId();
    const { tag, command } = change;
    const deadlineMs = Math.max(0, Math.floor(change.dueMs - nowMs));
    const sent = this.#context.send(refTo<ManagerMessage>(leader, managerActorId), {
      kind: 'primary-change',
      id,
      fromNode: this.#context.self.node,
      tag,
      command,
      deadlineMs,
    });
    if (sent !== 'accepted') {
      this.#pause(change, 0);
      return;
    }
    change.open.add(id);
    this.#tries.set(id, change);
    // It may only be slow: asked again late, and at once if the leader changes.
    change.nextTryMs = nowMs + this.#limits.managerRetryMaxMs;
  }

  #refused(change: PendingChange, error: CallError): void {
    if (error.outcome === 'unknown') this.#reopen(change);
    // Nobody makes room on a disk within a call's deadline, and it may be too short for other pauses too: whoever asks is told at once.
    const inTime = this.#context.now() + (error.retryAfterMs ?? 0) < change.dueMs;
    const goesOn = error.retriable && (inTime || change.open.size > 0);
    if (goesOn && error.code !== 'low_disk_space') this.#pause(change, error.retryAfterMs ?? 0);
    // What a try is told speaks of this try; another that is still open may yet be carried out.
    else this.#finish(change, undefined, change.open.size > 0 ? { ...error, outcome: 'unknown' } : error);
  }

  /** A try whose answer says that its fate is not known stays open under a number that nothing will answer. */
  #reopen(change: PendingChange): void {
    change.open.add(this.#nextId());
  }

  #pause(change: PendingChange, atLeastMs: number): void {
    change.nextTryMs = this.#context.now() + Math.max(change.pauseMs, atLeastMs);
    change.pauseMs = Math.min(2 * change.pauseMs, this.#limits.managerRetryMaxMs);
  }

  #afterApply(change: PendingChange): void {
    const { command, result } = change;
    if (command.kind === 'remove-topic' && result?.ok === true) {
      change.removes = this.#view.deletingGroup(command.name);
    }
    if (this.#mustWait(change)) {
      change.phase = 'readying';
      this.#readying.push(change);
    } else {
      this.#afterWait(change);
    }
  }

  #afterWait(change: PendingChange): void {
    const { kind } = change.command;
    const spreads = kind === 'admin' || kind === 'remove-topic';
    if (!spreads || change.result?.ok !== true) {
      this.#finish(change, decided(change, this.#view), undefined);
      return;
    }
    change.phase = 'spreading';
    // Also what was waited for must have arrived elsewhere.
    change.index = this.#view.applied();
    change.spread = this.#nextId();
    change.unheard = new Set(this.#view.audience());
    this.#spreads.set(change.spread, change);
    this.#spread(change, change.unheard, this.#context.now());
  }

  /**
   * What is decided is not yet so: the topic is being created, also by somebody else (S14), or deleted (S24); or the broker is a
   * node of this cluster that has not presented itself in the directory, so that nothing could be placed on it.
   */
  #mustWait({ command, result, removes }: PendingChange): boolean {
    if (createsTopic(command)) {
      const exists = result?.ok === true || result?.error.code === 'topic_exists';
      return exists && this.#view.isCreating(command.name);
    }
    if (command.kind === 'remove-topic') {
      return removes !== undefined && this.#view.deletingGroup(command.name) === removes;
    }
    return (
      command.kind === 'admin' &&
      command.action === 'add' &&
      result?.ok === true &&
      this.#view.isExpected(command.broker)
    );
  }

  /** Asks those that have not answered, except the dead: whoever comes back catches up before it serves. */
  #spread(change: PendingChange, audience: ReadonlySet<string>, nowMs: number): void {
    change.unheard = new Set([...change.unheard].filter((node) => audience.has(node)));
    if (change.unheard.size === 0) {
      this.#finish(change, change.result, undefined);
      return;
    }
    if (nowMs < change.nextSpreadMs) return;
    change.nextSpreadMs = nowMs + this.#limits.managerRetryMs;
    const { spread: id, index } = change;
    for (const node of change.unheard) {
      this.#context.send(
        refTo<ManagerMessage>(node, managerActorId),
        { kind: 'applied-query', id, fromNode: this.#context.self.node, index },
        'control',
      );
    }
  }

  #finish(change: PendingChange, result: DirectoryResult | undefined, error: CallError | undefined): void {
    this.#pending.delete(change);
    this.#spreads.delete(change.spread);
    for (const id of change.open) this.#tries.delete(id);
    if (change.phase === 'applying') this.#applying = this.#applying.filter((other) => other !== change);
    if (change.phase === 'readying') this.#readying = this.#readying.filter((other) => other !== change);
    if (change.asker !== undefined) this.#answer(change.asker, result, error);
  }

  #answer(asker: Asker, result: DirectoryResult | undefined, error: CallError | undefined): void {
    this.#context.send(asker.replyTo, { kind: 'directory-answer', id: asker.id, result, error }, 'control');
  }

  #drawTag(): string {
    const bytes = new Uint8Array(16);
    for (let i = 0; i < bytes.length; i += 1) bytes[i] = Math.floor(this.#context.random() * 256);
    return hex(bytes);
  }
}
