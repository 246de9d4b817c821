/** One call that any number of tries may answer: until its deadline, over reconnects, with what is known when it fails. */
import type { CallOptions } from '../api.ts';
import { abortedError, CallboardError } from '../errors.ts';
import { clientLimits, failure, type Failure, type NodeFrame } from '../protocol/index.ts';
import type { Answer, Call, Connection, Reply } from './connection.ts';
import type { Core } from './core.ts';
import { backOff, type Timer } from './platform.ts';

interface RequestPlan<K extends NodeFrame['kind']> {
  readonly call: Call;
  readonly answer: K;
  /** The connection for the next try; undefined: wait for one. */
  route(): Connection | undefined;
  /** Why no connection will ever do. */
  refusal?(): Failure | undefined;
  /** A try was answered at this connection, or failed there: then, for example, its leader has to be looked up again. */
  heard(connection: Connection, problem?: Failure): void;
}

class Request<K extends NodeFrame['kind']> {
  readonly #core: Core;
  readonly #plan: RequestPlan<K>;
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: (frame: Answer<K>) => void;
  readonly #reject: (error: CallboardError) => void;
  readonly #deadline: Timer;
  readonly #unwatch: () => void;
  readonly #aborted = (): void => this.#fail(abortedError(this.#signal as AbortSignal, this.#outcome));
  #state: 'waiting' | 'called' | 'pausing' | 'done' = 'waiting';
  #tries = 0;
  #unknown = false;
  #last: Failure | undefined;

  constructor(
    core: Core,
    plan: RequestPlan<K>,
    options: CallOptions,
    resolve: (frame: Answer<K>) => void,
    reject: (error: CallboardError) => void,
  ) {
    this.#core = core;
    this.#plan = plan;
    this.#signal = options.signal;
    this.#resolve = resolve;
    this.#reject = reject;
    const ms = options.deadlineMs ?? core.deadlineMs;
    this.#deadline = core.platform.setTimer(ms, () => this.#late(ms));
    this.#unwatch = core.watch(() => this.#try());
    this.#signal?.addEventListener('abort', this.#aborted);
    if (this.#signal?.aborted === true) this.#aborted();
    else this.#try();
  }

  get #outcome(): Failure['outcome'] {
    return this.#unknown || this.#state === 'called' ? 'unknown' : 'not_applied';
  }

  #try(): void {
    if (this.#state !== 'waiting') return;
    if (this.#core.end !== undefined) {
      this.#fail(new CallboardError({ ...this.#core.end, outcome: this.#outcome }));
      return;
    }
    const refusal = this.#plan.refusal?.();
    if (refusal !== undefined) {
      this.#fail(new CallboardError({ ...refusal, outcome: this.#outcome }));
      return;
    }
    const connection = this.#plan.route();
    if (connection === undefined || !connection.hasRoom) return;
    this.#state = 'called';
    this.#tries += 1;
    const reply: Reply<K> = {
      answer: this.#plan.answer,
      answered: (frame) => {
        if (this.#state === 'done') return;
        this.#end();
        this.#plan.heard(connection);
        this.#resolve(frame);
      },
      failed: (problem) => this.#missed(connection, problem),
    };
    connection.call(this.#plan.call, reply);
  }

  #missed(connection: Connection, problem: Failure): void {
    if (this.#state === 'done') return;
    this.#state = 'pausing';
    this.#last = problem;
    const unknownBefore = this.#unknown;
    this.#unknown ||= problem.outcome === 'unknown';
    if (!problem.retriable || this.#core.end !== undefined) {
      this.#fail(new CallboardError(unknownBefore ? { ...problem, outcome: 'unknown' } : problem));
      return;
    }
    this.#plan.heard(connection, problem);
    const { retryMs, retryMaxMs } = clientLimits;
    const pause = Math.max(
      problem.retryAfterMs ?? 0,
      backOff(this.#core.platform, this.#tries, retryMs, retryMaxMs),
    );
    this.#core.platform.setTimer(pause, () => {
      if (this.#state !== 'pausing') return;
      this.#state = 'waiting';
      this.#try();
    });
  }

  #late(ms: number): void {
    if (this.#state === 'done') return;
    const { code, message } = this.#last ?? this.#core.links.lastProblem;
    const words =
      this.#state === 'called' && this.#last === undefined
        ? 'no answer came'
        : `the last of ${this.#tries} tries failed with ${code}: ${message}`;
    const text = `'${this.#plan.call.kind}' was not done within its deadline of ${ms} ms; ${words}`;
    this.#fail(new CallboardError(failure('timeout', { message: text, outcome: this.#outcome })));
  }

  #fail(error: CallboardError): void {
    this.#end();
    this.#reject(error);
  }

  #end(): void {
    this.#state = 'done';
    this.#deadline.cancel();
    this.#unwatch();
    this.#signal?.removeEventListener('abort', this.#aborted);
  }
}

/** Calls any node. */
export function request<K extends NodeFrame['kind']>(
  core: Core,
  call: Call,
  answer: K,
  options: CallOptions = {},
): Promise<Answer<K>> {
  return new Promise((resolve, reject) => {
    const { links } = core;
    const heard = (connection: Connection, problem?: Failure): void => links.heard(connection, problem);
    const plan = { call, answer, route: () => links.home, heard };
    void new Request(core, plan, options, resolve, reject);
  });
}

/** Calls any node with an operator's right. */
export function requestAsOperator<K extends NodeFrame['kind']>(
  core: Core,
  call: Call,
  answer: K,
  options: CallOptions = {},
): Promise<Answer<K>> {
  const { links, operator } = core;
  return new Promise((resolve, reject) => {
    const plan: RequestPlan<K> = {
      call,
      answer,
      route: () => operator.route(),
      refusal: () => operator.refusal(),
      heard: (connection, problem) => links.heard(connection, problem),
    };
    void new Request(core, plan, options, resolve, reject);
  });
}

/** Calls the leader of a partition. */
export function requestLeader<K extends NodeFrame['kind']>(
  core: Core,
  call: Extract<Call, { readonly topic: string; readonly partition: number }>,
  answer: K,
  options: CallOptions = {},
): Promise<Answer<K>> {
  const { topic, partition } = call;
  return new Promise((resolve, reject) => {
    const route = (): Connection | undefined => core.route(topic, partition);
    const heard = (_at: Connection, problem?: Failure): void => {
      if (problem !== undefined) core.topology.refresh(topic);
    };
    void new Request(core, { call, answer, route, heard }, options, resolve, reject);
  });
}
