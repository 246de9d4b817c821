/**
 * How simulated clients reach a node and hear from it: with a latency each way, an answer that may be lost, and a process
 * that may end meanwhile. A client that hears nothing for long gives up.
 */
import type { CallError } from '@callboard/client/protocol';
import type { Call, CallValue } from '../../src/actors/gateway/messages.ts';
import type { PartitionAnswer } from '../../src/actors/partition-replica/messages.ts';
import type { ClientMachine } from '../client/machine.ts';
import type { RequestBody } from '../door.ts';
import type { SimNode } from '../node.ts';
import type { SimRandom } from '../ports/sim-random.ts';
import type { Answered } from '../../src/doors/http/desk.ts';
import type { Taker } from '../../src/partition/index.ts';
import type { World } from '../world.ts';

/** `refused`: the node did not take the call. `lost`: nobody knows what became of it. */
export type Outcome<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'error'; readonly error: CallError }
  | { readonly kind: 'refused' }
  | { readonly kind: 'lost' };

interface Pending {
  readonly node: string;
  readonly life: number;
  readonly giveUpMicros: number;
  readonly lost: () => void;
}

/** Longer than any deadline. */
const callPatienceMs = 12_000;
const requestPatienceMs = 4_000;

export class Clients {
  readonly #world: World;
  readonly #random: SimRandom;
  readonly #pending = new Map<number, Pending>();
  #losing = 0;
  #lastId = 0;
  /** Told of the end of a process: connections end with it. */
  onProcessEnded: (node: SimNode) => void = () => undefined;
  /** Those on which the client library runs. */
  readonly machines: ClientMachine[] = [];
  /** How likely an answer gets lost between node and client. */
  answerLoss = 0;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.random.fork('clients');
  }

  /** Calls whose clients have not heard the end of them. */
  get open(): number {
    return this.#pending.size + this.#losing;
  }

  /** `handed`: an answer was handed to the caller's connection, by a door that had it from `run`. */
  call(
    node: SimNode,
    call: Call,
    then: (outcome: Outcome<CallValue>) => void,
    handed: (value: CallValue, run: Taker) => void = () => undefined,
  ): void {
    const { checks, settings } = this.#world;
    const started = this.#begin<CallValue>(node, callPatienceMs, then);
    if (started === undefined) return;
    const { id, end } = started;
    this.#arrive(node, () => {
      const startMicros = this.#world.nowMicros;
      const deadlineMicros = startMicros + settings.limits.callDeadlineMs * 1_000;
      checks.answers.started({
        id,
        node: node.name,
        life: node.life,
        what: call.op,
        startMicros,
        deadlineMicros,
      });
      const answered: Answered = (value, error, handOver) => {
        checks.answers.answered(id, this.#world.nowMicros);
        if (value !== undefined) {
          const run = { node: node.name, start: node.gatewayRun ?? -1 };
          let cancelled = false;
          handOver.onCancel(() => (cancelled = true));
          const written = (isOpen: boolean): void => {
            if (cancelled) return;
            if (isOpen) handed(value, run);
            handOver.settle(isOpen);
            if (isOpen) end({ kind: 'value', value });
          };
          if (value.op === 'consume') this.#write(node, written);
          else written(true);
          return;
        }
        this.#noteError(error);
        this.#world.report.detail(
          node.name,
          () => `${call.op} answered ${error.code} ${error.outcome}: ${error.message}`,
        );
        if (error.code === 'internal') {
          this.#world.report.violation('answers', `${call.op} at ${node.name}: ${error.message}`);
        }
        end({ kind: 'error', error });
      };
      const { door } = node;
      if (door !== undefined) {
        door.call(call, answered);
        return;
      }
      checks.answers.answered(id, this.#world.nowMicros);
      end({ kind: 'refused' });
    });
  }

  /** Writes an answer to a connection that may be slow, and that its caller may have left; a call that left is lost at its end. */
  #write(node: SimNode, written: (isOpen: boolean) => void): void {
    const { report, nowMicros } = this.#world;
    const isOpen = !this.#random.chance(0.04);
    if (!isOpen) report.sometimes('a caller left before its answer');
    if (!this.#random.chance(0.15)) {
      written(isOpen);
      return;
    }
    report.sometimes('an answer was taken slowly');
    node.clock?.inputAt(nowMicros + Math.ceil(this.#random.between(20_000, 6_000_000)), () =>
      written(isOpen),
    );
  }

  /** A message of a client session on `node` to the replica of `group` on `target`. */
  request(
    node: SimNode,
    target: string,
    group: number,
    body: RequestBody,
    then: (outcome: Outcome<PartitionAnswer>) => void,
  ): void {
    const started = this.#begin<PartitionAnswer>(node, requestPatienceMs, then);
    if (started === undefined) return;
    const { end } = started;
    this.#arrive(node, () => {
      const sent = node.door?.request(target, group, body, (answer) => {
        if (answer.kind === 'partition-failed') this.#noteError(answer.error);
        end({ kind: 'value', value: answer });
      });
      if (sent !== 'accepted') end({ kind: 'refused' });
    });
  }

  /** The process is gone with all calls that it had. */
  processEnded(node: SimNode): void {
    this.onProcessEnded(node);
    for (const [id, pending] of this.#pending) {
      if (pending.node === node.name && pending.life === node.life) this.#lose(id, pending);
    }
  }

  sweep(): void {
    for (const [id, pending] of this.#pending) {
      if (pending.giveUpMicros <= this.#world.nowMicros) this.#lose(id, pending);
    }
  }

  #begin<T>(
    node: SimNode,
    patienceMs: number,
    then: (outcome: Outcome<T>) => void,
  ): { readonly id: number; readonly end: (outcome: Outcome<T>) => void } | undefined {
    if (!node.running) {
      this.#world.after(this.#latencyMs(), () => then({ kind: 'refused' }));
      return undefined;
    }
    this.#lastId += 1;
    const id = this.#lastId;
    const giveUpMicros = this.#world.nowMicros + patienceMs * 1_000;
    this.#pending.set(id, {
      node: node.name,
      life: node.life,
      giveUpMicros,
      lost: () => then({ kind: 'lost' }),
    });
    const end = (outcome: Outcome<T>): void => {
      if (this.answerLoss > 0 && this.#random.chance(this.answerLoss)) {
        this.#world.report.fault('answer-lost');
        return;
      }
      this.#world.after(this.#latencyMs(), () => {
        if (this.#pending.delete(id)) then(outcome);
      });
    };
    return { id, end };
  }

  #arrive(node: SimNode, handle: () => void): void {
    const atMicros = this.#world.nowMicros + Math.ceil(this.#latencyMs() * 1_000);
    node.clock?.inputAt(atMicros, handle);
  }

  #lose(id: number, pending: Pending): void {
    this.#pending.delete(id);
    this.#losing += 1;
    this.#world.after(this.#latencyMs(), () => {
      this.#losing -= 1;
      pending.lost();
    });
  }

  #latencyMs(): number {
    return 0.2 + this.#random.next();
  }

  #noteError(error: CallError): void {
    const { report } = this.#world;
    if (error.code === 'overloaded') report.sometimes('a call was refused as overloaded');
    if (error.code === 'low_disk_space') report.sometimes('a call was refused for lack of disk space');
    if (error.code === 'partition_quarantined') report.sometimes('a call met a partition in quarantine');
    if (error.code === 'timeout') report.sometimes('a call had no answer before its deadline');
  }
}
