/** A system on simulated ports, and small actors to put into it. */
import { ActorSystem } from '../../src/kernel/index.ts';
import type {
  Actor,
  Address,
  Context,
  Envelope,
  KernelLimits,
  SendResult,
  TraceFields,
} from '../../src/kernel/index.ts';
import { SimClock } from '../../sim/ports/sim-clock.ts';
import { SimLoop } from '../../sim/ports/sim-loop.ts';

export interface Note {
  readonly id: string;
  readonly level: string;
  readonly event: string;
  readonly fields: TraceFields | undefined;
}

export interface Kit {
  readonly system: ActorSystem;
  readonly loop: SimLoop;
  readonly clock: SimClock;
  readonly notes: Note[];
  readonly sent: Envelope[];
  readonly escalated: { readonly error: unknown; readonly address: Address }[];
  /** How often the network was flushed. */
  flushes(): number;
  /** Runs the loop for this much simulated time. */
  pass(ms: number): void;
  /** Runs what is due now, without letting a timer come due. */
  settle(): void;
}

export interface KitOptions {
  readonly seed?: number;
  readonly ties?: 'seeded' | 'fifo';
  readonly limits?: Partial<KernelLimits>;
  readonly freezeMessages?: boolean;
  readonly networkAnswer?: () => SendResult;
}

export function newKit(options: KitOptions = {}): Kit {
  const loop = new SimLoop({ seed: options.seed ?? 1, ...(options.ties && { ties: options.ties }) });
  const clock = new SimClock(loop, 'n1');
  const notes: Note[] = [];
  const sent: Envelope[] = [];
  const escalated: Kit['escalated'] = [];
  let flushes = 0;
  const system = new ActorSystem({
    node: 'n1',
    limits: options.limits ?? {},
    freezeMessages: options.freezeMessages ?? true,
    onEscalate: (error, address) => escalated.push({ error, address }),
    ports: {
      clock,
      random: loop.random.fork('n1'),
      network: {
        send: (envelope) => {
          sent.push(envelope);
          return options.networkAnswer?.() ?? 'accepted';
        },
        flush: () => {
          flushes += 1;
        },
      },
      trace: { note: (actor, level, event, fields) => notes.push({ id: actor.id, level, event, fields }) },
    },
  });
  const pass = (ms: number): void => {
    loop.run(loop.nowMicros + ms * 1000, 1_000_000);
  };
  return {
    system,
    loop,
    clock,
    notes,
    sent,
    escalated,
    flushes: () => flushes,
    pass,
    settle: () => pass(0.5),
  };
}

export type Handler<M> = (message: M, context: Context<M>) => void;

/** An actor that is only a handler. */
export function actorOf<M>(receive: Handler<M>): () => Actor<M> {
  return () => ({ receive });
}

/** An actor that only collects. */
export function collector<M>(into: M[]): () => Actor<M> {
  return actorOf((message) => into.push(message));
}

/** An actor that does what it is told to. */
export type Do = { readonly kind: 'do'; readonly job: (context: Context<Do>) => void };

export function doer(): Actor<Do> {
  return { receive: (message, context) => message.job(context) };
}

export function job(run: (context: Context<Do>) => void): Do {
  return { kind: 'do', job: run };
}

/** The context of a living actor, taken out of its turn. */
export function contextOf(kit: Kit, id: string): Context<Do> {
  let context: Context<Do> | undefined;
  const ref = kit.system.spawn<Do>(id, doer);
  kit.system.send(
    ref,
    job((own) => {
      context = own;
    }),
  );
  kit.settle();
  if (context === undefined) throw new Error(`${id} did not start`);
  return context;
}
