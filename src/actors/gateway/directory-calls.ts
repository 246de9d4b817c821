/**
 * What the gateway asks of its node's manager: barriers, changes and the subscription.
 *
 * - Barriers are shared: everyone who asks while one is on its way waits for the next one, which is sent after they asked.
 * - A barrier says that the manager has applied everything; this copy has it too if it follows that very incarnation of the
 *   manager. So none is asked before the subscription, which travels ahead of it.
 * - A manager that is not there (yet) is asked again until the callers' deadlines. If it ends, barriers are asked again of
 *   its successor; a change that it had taken is in doubt.
 */
import type { CallError } from '@callboard/client/protocol';
import type { DirectoryCommand, DirectoryResult } from '../../directory/index.ts';
import { refTo, type Context, type Ref } from '../../kernel/index.ts';
import { managerActorId, type DirectoryAnswer, type ManagerMessage } from '../manager/messages.ts';
import type { Calls, PendingCall } from './calls.ts';
import { changeUnanswered, directorySilent, managerBusy, managerEnded } from './failures.ts';
import type { GatewayMessage } from './messages.ts';

type AfterBarrier = (failed: CallError | undefined) => void;
type AfterChange = (result: DirectoryResult) => void;

/** `call`: whatever is not `open` any more waits for nothing. */
interface Waiter {
  readonly call: Pick<PendingCall, 'open' | 'deadlineMs'>;
  readonly then: AfterBarrier;
}

interface PendingChange {
  readonly call: PendingCall;
  readonly command: DirectoryCommand;
  readonly then: AfterChange;
}

interface AskedBarrier {
  readonly id: number;
  readonly waiters: readonly Waiter[];
  readonly deadlineMs: number;
}

export class DirectoryCalls {
  readonly #context: Context<GatewayMessage>;
  readonly #calls: Calls;
  readonly #manager: Ref<ManagerMessage>;
  #waiting: Waiter[] = [];
  #asked: AskedBarrier | undefined;
  #unsent: PendingChange[] = [];
  readonly #changes = new Map<number, PendingChange>();
  /** The manager's present incarnation has taken the subscription. */
  #follows = false;
  /** What waits on behalf of no call. */
  readonly #caughtUp = new Map<AfterBarrier, { readonly deadlineMs: number; readonly withinMs: number }>();
  #lastId = 0;

  constructor(context: Context<GatewayMessage>, calls: Calls) {
    this.#context = context;
    this.#calls = calls;
    this.#manager = refTo(context.self.node, managerActorId, context.self.shard);
  }

  /** Subscribes to the manager and asks to be told of its end. */
  subscribe(ended: GatewayMessage): void {
    const sent = this.#context.send(
      this.#manager,
      { kind: 'directory-subscribe', replyTo: this.#context.self },
      'control',
    );
    this.#follows = sent === 'accepted';
    this.#context.monitor(this.#manager, ended);
    this.#askBarrier();
    this.#sendChanges();
  }

  /** `then` runs when this copy has everything that any node had answered before now; not at all once the call is answered. */
  barrier(call: PendingCall, then: AfterBarrier): void {
    call.expired = () => directorySilent(call.message.deadlineMs);
    this.#waiting.push({ call, then });
    this.#askBarrier();
  }

  /** The same on behalf of no call: `then` runs in any case, if need be with the failure that nothing was heard within this time. */
  catchUp(withinMs: number, then: AfterBarrier): void {
    const call = { open: true, deadlineMs: this.#context.now() + withinMs };
    const once: AfterBarrier = (failed) => {
      if (!call.open) return;
      call.open = false;
      this.#caughtUp.delete(once);
      then(failed);
    };
    this.#caughtUp.set(once, { deadlineMs: call.deadlineMs, withinMs });
    this.#waiting.push({ call, then: once });
    this.#askBarrier();
  }

  change(call: PendingCall, command: DirectoryCommand, then: AfterChange): void {
    call.expired = () => directorySilent(call.message.deadlineMs);
    this.#unsent.push({ call, command, then });
    this.#sendChanges();
  }

  answered(message: DirectoryAnswer): void {
    const change = this.#changes.get(message.id);
    if (change !== undefined) {
      this.#changes.delete(message.id);
      if (!change.call.open) return;
      if (message.result !== undefined) change.then(message.result);
      else this.#calls.fail(change.call, message.error ?? changeUnanswered(change.call.message.deadlineMs));
      return;
    }
    const asked = this.#asked;
    if (asked?.id !== message.id) return;
    this.#asked = undefined;
    // The next one is sent first: what the waiters do now may fill the manager's mailbox.
    this.#askBarrier();
    for (const { call, then } of asked.waiters) {
      if (call.open) then(message.error);
    }
  }

  /** The manager's incarnation is over, and what it had not answered with it. */
  managerEnded(): void {
    const lost = [...this.#changes.values()];
    this.#changes.clear();
    for (const { call } of lost) this.#calls.fail(call, managerEnded());
    if (this.#asked !== undefined) this.#waiting = [...this.#asked.waiters, ...this.#waiting];
    this.#asked = undefined;
    this.#follows = false;
  }

  /** Tries again what could not be sent, and forgets what nobody waits for. */
  sweep(nowMs: number): void {
    if (this.#asked !== undefined && nowMs >= this.#asked.deadlineMs) this.#asked = undefined;
    for (const [then, { deadlineMs, withinMs }] of this.#caughtUp) {
      if (nowMs >= deadlineMs) then(directorySilent(withinMs));
    }
    this.#askBarrier();
    this.#sendChanges();
    for (const [id, { call }] of this.#changes) if (!call.open) this.#changes.delete(id);
  }

  #askBarrier(): void {
    if (!this.#follows || this.#asked !== undefined || this.#waiting.length === 0) return;
    const waiters = this.#waiting.filter(({ call }) => call.open);
    this.#waiting = waiters;
    if (waiters.length === 0) return;
    const nowMs = this.#context.now();
    const deadlineMs = waiters.reduce((latest, { call }) => Math.max(latest, call.deadlineMs), nowMs);
    const id = this.#nextId();
    const barrier = { id, replyTo: this.#context.self, deadlineMs: deadlineMs - nowMs };
    const sent = this.#context.send(this.#manager, { kind: 'directory-barrier', ...barrier });
    if (sent === 'gone') return;
    this.#waiting = [];
    if (sent === 'accepted') this.#asked = { id, waiters, deadlineMs };
    else for (const { then } of waiters) then(managerBusy());
  }

  #sendChanges(): void {
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const change of unsent) if (change.call.open) this.#sendChange(change);
  }

  #sendChange(change: PendingChange): void {
    const { call, command } = change;
    const id = this.#nextId();
    const deadlineMs = Math.max(0, call.deadlineMs - this.#context.now());
    const sent = this.#context.send(this.#manager, {
      kind: 'directory-change',
      id,
      replyTo: this.#context.self,
      command,
      deadlineMs,
    });
    if (sent === 'full') {
      this.#calls.fail(call, managerBusy());
    } else if (sent === 'gone') {
      this.#unsent.push(change);
    } else {
      this.#changes.set(id, change);
      call.expired = () => changeUnanswered(call.message.deadlineMs);
    }
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }
}
