/**
 * Where HTTP requests wait for the gateway: each call leaves with a number, and its answer comes back to the door's actor under
 * it. Whatever becomes of the gateway, every call is answered once, within the deadline.
 *
 * Of each consume the gateway is told what became of its record (S11): whether the answer was handed to its caller's connection, or that
 * nobody waits for it any more. What is still being handed over when the gateway's run or the door's own actor ends is called off: once
 * a run is over its takes are given again, and no answer of it may reach anybody after that.
 */
import { failure, type CallError, type Limits } from '@callboard/client/protocol';
import type { Call, CallAnswer, CallValue, GatewayMessage } from '../../actors/gateway/messages.ts';
import { refTo, type Actor, type Context, type Ref, type RestartPolicy } from '../../kernel/index.ts';

/** Of an answer with a record; of others nobody asks. */
export interface HandOver {
  /** The answer was handed to its caller's connection, or cannot be any more. The first word counts. */
  settle(handed: boolean): void;
  /** `cancel` is called if it may not be handed over any longer. */
  onCancel(cancel: () => void): void;
}

export type Answered = (value: CallValue | undefined, error: CallError, handOver: HandOver) => void;

/** The gateway's incarnation is over. */
interface GatewayEnded {
  readonly kind: 'door-gateway-ended';
}

/** The door's own timer: watch the gateway again. */
interface WatchGateway {
  readonly kind: 'door-watch-gateway';
}

/** The door's own timer: deadlines that the gateway should have kept. */
interface DoorTick {
  readonly kind: 'door-tick';
}

export type DoorMessage = CallAnswer | GatewayEnded | WatchGateway | DoorTick;

interface Waiting {
  readonly dueMs: number;
  /** It may take a record. */
  readonly takes: boolean;
  readonly then: Answered;
}

/** The gateway's actor id. A door takes nothing from the actors but the types of their messages. */
const gatewayId = 'gateway';
const tickMs = 250;
const watchAgainMs = 100;
/** The gateway's answer needs a moment to get here and out: its deadline is this much earlier than the door's. */
const headStartMs = 100;

function notStarted(): CallError {
  return failure('unavailable', {
    message: 'This node is starting or stopping: try again, or at another node.',
  });
}

function gatewayEnded(): CallError {
  const message =
    "This node's gateway restarted during the call: it may have been carried out, at most once.";
  return failure('unavailable', { message, outcome: 'unknown' });
}

function gatewaySilent(deadlineMs: number): CallError {
  const message = `The call was not answered within ${deadlineMs} ms: it may still be carried out, at most once.`;
  return failure('timeout', { message });
}

function gatewayBusy(): CallError {
  const message = 'This node takes no more calls for now: try again later.';
  return failure('overloaded', { message, retryAfterMs: 250 });
}

function answerMissing(): CallError {
  return failure('internal', {
    message: 'The gateway answered without a value or an error: please report this.',
  });
}

/** Short pauses: callers wait at this desk, and their deadlines with them. */
export const deskRestarts: RestartPolicy = {
  firstDelayMs: 10,
  maxDelayMs: 100,
  budget: 10,
  windowMs: 60_000,
};

const nothingTaken: HandOver = { settle: () => undefined, onCancel: () => undefined };

export class Desk {
  readonly #limits: Limits;
  readonly #gateway: Ref<GatewayMessage>;
  /** In the order of their deadlines, which all lie equally far ahead. */
  readonly #waiting = new Map<number, Waiting>();
  /** Consumes whose records are being handed over, and how to call that off. */
  readonly #handing = new Map<number, () => void>();
  /** What became of consumes while the actor was down. */
  readonly #untold = new Map<number, boolean>();
  #context: Context<DoorMessage> | undefined;
  #ticking = false;
  #lastId = 0;

  constructor(node: string, limits: Limits) {
    this.#limits = limits;
    this.#gateway = refTo(node, gatewayId);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** The actor that receives the answers; its restarts keep what waits. */
  actor(): Actor<DoorMessage> {
    return {
      start: (context) => this.#start(context),
      receive: (message, context) => this.#receive(message, context),
      stopped: () => {
        this.#context = undefined;
        this.#cancel();
      },
      inspect: () => ({ waiting: this.#waiting.size, handing: this.#handing.size }),
    };
  }

  /** Calls `then` exactly once: with a value, or with the error that stands in its place. `address`: whom the call counts for. */
  ask(call: Call, then: Answered, address?: string): void {
    const context = this.#context;
    if (context === undefined) {
      then(undefined, notStarted(), nothingTaken);
      return;
    }
    this.#lastId += 1;
    const id = this.#lastId;
    const { callDeadlineMs } = this.#limits;
    const deadlineMs = Math.max(callDeadlineMs / 2, callDeadlineMs - headStartMs);
    const sent = context.send(this.#gateway, {
      kind: 'call',
      id,
      replyTo: context.self,
      deadlineMs,
      call,
      ...(address === undefined ? {} : { address }),
    });
    if (sent !== 'accepted') {
      then(undefined, sent === 'full' ? gatewayBusy() : notStarted(), nothingTaken);
      return;
    }
    this.#waiting.set(id, { dueMs: context.now() + callDeadlineMs, takes: call.op === 'consume', then });
    this.#tickLater(context);
  }

  #start(context: Context<DoorMessage>): void {
    this.#context = context;
    this.#ticking = false;
    context.monitor(this.#gateway, { kind: 'door-gateway-ended' });
    if (context.incarnation > 1) this.#report(context);
    // While this actor was down nobody looked at the deadlines.
    this.#expire(context.now());
    this.#tickLater(context);
  }

  #receive(message: DoorMessage, context: Context<DoorMessage>): void {
    switch (message.kind) {
      case 'call-answer':
        this.#settle(message.id, message.value, message.error ?? answerMissing());
        return;
      case 'door-gateway-ended':
        this.#cancel();
        for (const id of [...this.#waiting.keys()]) this.#settle(id, undefined, gatewayEnded());
        context.after(watchAgainMs, { kind: 'door-watch-gateway' });
        return;
      case 'door-watch-gateway':
        context.monitor(this.#gateway, { kind: 'door-gateway-ended' });
        return;
      case 'door-tick':
        this.#ticking = false;
        this.#expire(context.now());
        this.#tickLater(context);
        return;
    }
  }

  /** After a restart: the words that could not be sent, and which calls can still be answered. */
  #report(context: Context<DoorMessage>): void {
    for (const [id, handed] of this.#untold) this.#tell(id, handed);
    this.#untold.clear();
    const open = [...this.#waiting].flatMap(([id, { takes }]) => (takes ? [id] : []));
    context.send(this.#gateway, { kind: 'door-restarted', replyTo: context.self, open }, 'control');
  }

  #settle(id: number, value: CallValue | undefined, error: CallError): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) {
      if (value?.op === 'consume') this.#tell(id, false);
      return;
    }
    this.#waiting.delete(id);
    if (value?.op !== 'consume') {
      waiting.then(value, error, nothingTaken);
      return;
    }
    this.#handing.set(id, () => undefined);
    waiting.then(value, error, {
      settle: (handed) => {
        if (this.#handing.delete(id)) this.#tell(id, handed);
      },
      onCancel: (cancel) => {
        if (this.#handing.has(id)) this.#handing.set(id, cancel);
      },
    });
  }

  /** Calls off what is being handed over. */
  #cancel(): void {
    for (const [id, cancel] of this.#handing) {
      this.#handing.delete(id);
      this.#tell(id, false);
      cancel();
    }
  }

  /** Where the gateway is gone, its successor's answers say that its takes are over. */
  #tell(id: number, handed: boolean): void {
    const context = this.#context;
    if (context === undefined) this.#untold.set(id, handed);
    else {
      context.send(this.#gateway, { kind: 'call-heard', id, replyTo: context.self, handed }, 'control');
    }
  }

  #expire(nowMs: number): void {
    for (const [id, { dueMs, takes }] of this.#waiting) {
      if (dueMs > nowMs) return;
      this.#settle(id, undefined, gatewaySilent(this.#limits.callDeadlineMs));
      if (takes) this.#tell(id, false);
    }
  }

  #tickLater(context: Context<DoorMessage>): void {
    if (this.#ticking || this.#waiting.size === 0) return;
    this.#ticking = true;
    context.after(tickMs, { kind: 'door-tick' });
  }
}
