/** Operators' frames of one connection: nothing before `authorize`, then questions for the admin and changes for the gateway. */
import { failure, toErrorReply, type CallError, type OperatorFrame } from '@callboard/client/protocol';
import { refTo, type Context, type Ref } from '../../kernel/index.ts';
import {
  adminActorId,
  type AdminAnswer,
  type AdminMessage,
  type AdminQuestion,
  type AdminTraced,
} from '../admin/messages.ts';
import type { Call } from '../gateway/messages.ts';
import { adminFailed, busy, tooManyPending } from './errors.ts';
import type { AdminGone } from './messages.ts';
import type { ClientPort } from './port.ts';

export interface OperatorsOptions {
  readonly port: ClientPort;
  /** Takes the same time for every wrong token. */
  readonly isAdmin: (token: string) => boolean;
  /** Whether a token of this client may be looked at now. */
  readonly mayTry: () => boolean;
  /** A token was wrong: has the session answer in a while, by `refused`. */
  readonly wrong: (correlation: number) => void;
  readonly mostPending: number;
  nextId(): number;
  /** Asks the gateway on behalf of this frame; its answer comes back by the session. */
  change(frame: OperatorFrame, call: Call): void;
}

type Question = Exclude<
  OperatorFrame,
  { kind: 'authorize' | 'change-broker' | 'remove-topic' | 'remove-consumer' | 'remove-producer' }
>;

export class Operators {
  readonly #options: OperatorsOptions;
  readonly #context: Context<AdminAnswer | AdminTraced | AdminGone>;
  /** Correlations of open questions, by the number they were asked under. */
  readonly #open = new Map<number, number>();
  #authorized = false;
  /** A wrong token of this connection is on the log. */
  #noted = false;
  /** Whether the end of the admin's incarnation would be heard of. */
  #watching = false;

  constructor(context: Context<AdminAnswer | AdminTraced | AdminGone>, options: OperatorsOptions) {
    this.#context = context;
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  frame(frame: OperatorFrame): void {
    if (frame.kind === 'authorize') this.#authorize(frame.correlation, frame.token);
    else if (!this.#authorized) this.#fail(frame.correlation, unauthorized());
    else if (frame.kind === 'change-broker') {
      this.#options.change(frame, { op: 'admin', action: frame.action, broker: frame.broker });
    } else if (frame.kind === 'remove-topic') {
      const { topic: name, force = false } = frame;
      this.#options.change(frame, { op: 'remove-topic', name, ...(force && { force }) });
    } else if (frame.kind === 'remove-consumer' || frame.kind === 'remove-producer') {
      const { kind: op, id, topic } = frame;
      this.#options.change(frame, { op, id, topic });
    } else this.#ask(frame);
  }

  answered({ id, value, error }: AdminAnswer): void {
    const correlation = this.#open.get(id);
    this.#open.delete(id);
    if (correlation === undefined) return;
    const { port } = this.#options;
    if (value?.op === 'cluster') {
      const { op: _, ...report } = value;
      port.send({ kind: 'cluster-report', correlation, ...report });
    } else if (value?.op === 'actors') {
      const { node, actors, omitted } = value;
      port.send({ kind: 'actor-list', correlation, node, actors, omitted });
    } else if (value?.op === 'actor') {
      const { node, actor, details } = value;
      port.send({ kind: 'actor-detail', correlation, node, actor, details });
    } else if (error !== undefined) this.#fail(correlation, error);
  }

  traced({ id, messages, ended }: AdminTraced): void {
    const correlation = this.#open.get(id);
    if (correlation === undefined) return;
    const frame = { kind: 'traced', correlation, messages } as const;
    if (ended !== undefined) this.#open.delete(id);
    this.#options.port.send(ended === undefined ? frame : { ...frame, ended });
  }

  /** What it was asked is lost with it; its successor knows nothing of it. */
  adminGone(): void {
    this.#watching = false;
    const lost = [...this.#open.values()];
    this.#open.clear();
    for (const correlation of lost) this.#fail(correlation, adminFailed());
  }

  /** The wait for a wrong token is over. */
  refused(correlation: number): void {
    this.#fail(correlation, wrongToken());
  }

  #authorize(correlation: number, token: string): void {
    const { isAdmin, mayTry, port, wrong } = this.#options;
    this.#authorized = false;
    if (!mayTry()) {
      this.#fail(correlation, tooManyTokens());
      return;
    }
    this.#authorized = isAdmin(token);
    if (this.#authorized) port.send({ kind: 'done', correlation });
    else {
      const { address } = port;
      if (!this.#noted) this.#context.trace.note('warn', 'session.admin_refused', { address });
      this.#noted = true;
      wrong(correlation);
    }
  }

  #ask(frame: Question): void {
    const { mostPending } = this.#options;
    if (this.#open.size >= mostPending) {
      this.#fail(frame.correlation, tooManyPending(mostPending));
      return;
    }
    const id = this.#options.nextId();
    const { self } = this.#context;
    const admin: Ref<AdminMessage> = refTo(self.node, adminActorId);
    const call = { kind: 'admin-call', id, replyTo: self, question: questionOf(frame) } as const;
    const sent = this.#context.send(admin, call);
    if (sent !== 'accepted') {
      this.#fail(frame.correlation, busy(sent, self.node));
      return;
    }
    this.#open.set(id, frame.correlation);
    if (this.#watching) return;
    this.#watching = true;
    this.#context.monitor(admin, { kind: 'admin-gone' });
  }

  #fail(correlation: number, error: CallError): void {
    this.#options.port.send(toErrorReply(correlation, error));
  }
}

function questionOf(frame: Question): AdminQuestion {
  switch (frame.kind) {
    case 'cluster-status':
      return { op: 'cluster' };
    case 'list-actors':
      return { op: 'actors', node: frame.node };
    case 'ask-actor':
      return { op: 'actor', node: frame.node, actor: frame.actor };
    case 'trace-actor':
      return { op: 'trace', node: frame.node, actor: frame.actor, messages: frame.messages };
  }
}

function unauthorized(): CallError {
  const message = "This call is for operators: send 'authorize' with the admin token of the cluster first.";
  return failure('auth_failed', { message });
}

function tooManyTokens(): CallError {
  const message =
    'Several wrong tokens came from this address, and their answers still wait: this one was not looked at, try again later.';
  return failure('overloaded', { message, retryAfterMs: 1_000 });
}

function wrongToken(): CallError {
  const message =
    'This is not the admin token of this node: look where it was configured, or into the log of its start.';
  return failure('auth_failed', { message });
}
