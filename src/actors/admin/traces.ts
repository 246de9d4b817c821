/** The traces of this node's own actors: one per actor, each with what it has seen since it last told. */
import {
  failure,
  type CallError,
  type Limits,
  type TraceEnd,
  type TracedMessage,
} from '@callboard/client/protocol';
import type { TapSight } from '../../kernel/index.ts';
import type { AdminPort } from './port.ts';
import { tracedMessage } from './reports.ts';

/** Told now and then, and a last time with an end. */
export type TellTrace = (messages: readonly TracedMessage[], ended: TraceEnd | undefined) => void;

interface Trace {
  readonly actor: string;
  readonly tell: TellTrace;
  readonly untilMs: number;
  gathered: TracedMessage[];
}

/** Told with the number of the trace: what an ended one still had to say must not reach the next one of the same actor. */
export interface TraceEvents {
  saw(trace: number, sight: TapSight): void;
  ended(trace: number, complete: boolean): void;
}

export class Traces {
  readonly #port: AdminPort;
  readonly #limits: Limits;
  readonly #events: TraceEvents;
  readonly #traces = new Map<number, Trace>();
  #last = 0;

  constructor(port: AdminPort, limits: Limits, events: TraceEvents) {
    this.#port = port;
    this.#limits = limits;
    this.#events = events;
  }

  get size(): number {
    return this.#traces.size;
  }

  /** Answers why not. */
  begin(actor: string, messages: number, nowMs: number, tell: TellTrace): CallError | undefined {
    const { adminTraces, adminTraceMessages, adminTraceMs } = this.#limits;
    if (messages < 1 || messages > adminTraceMessages) {
      const message = `A trace shows 1 to ${adminTraceMessages} messages, not ${messages}.`;
      return failure('bad_request', { message });
    }
    if ([...this.#traces.values()].some((trace) => trace.actor === actor)) {
      return failure('overloaded', {
        message: `Actor '${actor}' is being traced already: wait for its end.`,
      });
    }
    if (this.#traces.size >= adminTraces) {
      return failure('overloaded', {
        message: `This node runs ${adminTraces} traces already: wait for one to end.`,
      });
    }
    this.#last += 1;
    const number = this.#last;
    const found = this.#port.tap(actor, messages, {
      saw: (sight) => this.#events.saw(number, sight),
      ended: (complete) => this.#events.ended(number, complete),
    });
    if (!found) return noActor(actor);
    this.#traces.set(number, { actor, tell, untilMs: nowMs + adminTraceMs, gathered: [] });
    return undefined;
  }

  saw(trace: number, sight: TapSight): void {
    this.#traces.get(trace)?.gathered.push(tracedMessage(sight));
  }

  tapEnded(trace: number, complete: boolean): void {
    this.#end(trace, complete ? 'complete' : 'actor-ended');
  }

  /** Whoever asked is gone. */
  stop(tell: TellTrace): void {
    for (const [number, trace] of this.#traces) {
      if (trace.tell !== tell) continue;
      this.#traces.delete(number);
      this.#port.untap(trace.actor);
    }
  }

  tick(nowMs: number): void {
    for (const [number, trace] of this.#traces) {
      if (nowMs >= trace.untilMs) {
        this.#end(number, 'too-long');
        this.#port.untap(trace.actor);
      } else if (trace.gathered.length > 0) {
        trace.tell(trace.gathered, undefined);
        trace.gathered = [];
      }
    }
  }

  #end(number: number, why: TraceEnd): void {
    const trace = this.#traces.get(number);
    this.#traces.delete(number);
    trace?.tell(trace.gathered, why);
  }
}

export function noActor(actor: string): CallError {
  const message = `There is no actor '${actor}' on this node now: \`callboard actor ls\` lists them; ids change as clients and topics come and go.`;
  return failure('actor_not_found', { message });
}
