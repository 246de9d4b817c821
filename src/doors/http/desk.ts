/**
 * Where HTTP requests wait for the gateway: each call leaves with a number, and its answer comes back to the door's actor under
 * it. Whatever becomes of the gateway, every call is answered once, within the deadline.
 */
import { failure, type CallError, type Limits } from '@callboard/client/protocol';
import type { Call, CallAnswer, CallValue, GatewayMessage } from '../../actors/gateway/messages.ts';
import { refTo, type Actor, type Context, type Ref, type RestartPolicy } from '../../kernel/index.ts';

export type Answered = (value: CallValue | undefined, error: CallError) => void;

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

export class Desk {
  readonly #limits: Limits;
  readonly #gateway: Ref<GatewayMessage>;
  /** In the order of their deadlines, which all lie equally far ahead. */
  readonly #waiting = new Map<number, Waiting>();
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
      inspect: () => ({ waiting: this.#waiting.size }),
    };
  }

  /** Calls `then` exactly once: with a value, or with the error that stands in its place. */
  ask(call: Call, then: Answered): void {
    const context = this.#context;
    if (context === undefined) {
      then(undefined, notStarted());
      return;
    }
    this.#lastId += 1;
    const id = this.#lastId;
    const { callDeadlineMs } = this.#limits;
    const deadlineMs = Math.max(callDeadlineMs / 2, callDeadlineMs - headStartMs);
    const sent = context.send(this.#gateway, { kind: 'call', id, replyTo: context.self, deadlineMs, call });
    if (sent !== 'accepted') {
      then(undefined, sent === 'full' ? gatewayBusy() : notStarted());
      return;
    }
    this.#waiting.set(id, { dueMs: context.now() + callDeadlineMs, then });
    this.#tickLater(context);
  }

  #start(context: Context<DoorMessage>): void {
    this.#context = context;
    this.#ticking = false;
    context.monitor(this.#gateway, { kind: 'door-gateway-ended' });
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

  #settle(id: number, value: CallValue | undefined, error: CallError): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.then(value, error);
  }

  #expire(nowMs: number): void {
    for (const [id, { dueMs }] of this.#waiting) {
      if (dueMs > nowMs) return;
      this.#settle(id, undefined, gatewaySilent(this.#limits.callDeadlineMs));
    }
  }

  #tickLater(context: Context<DoorMessage>): void {
    if (this.#ticking || this.#waiting.size === 0) return;
    this.#ticking = true;
    context.after(tickMs, { kind: 'door-tick' });
  }
}
