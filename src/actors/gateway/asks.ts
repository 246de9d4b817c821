/**
 * Asks partitions: finds the leader, retries what may be retried, and never repeats what might have been applied unless
 * asking twice does no more than asking once.
 *
 * - A refusal that is `not_applied` and retriable leads to another attempt: at once if it names the leader, else after a pause
 *   that doubles from 25 to 400 ms, with jitter.
 * - A repeatable ask is sent again after `attemptMs` without an answer. Answers to all its attempts still count.
 * - A replica in quarantine is passed over for the next one at once; where a majority is, nobody can serve, and the ask ends with that.
 * - Any other ask, once sent, waits for its answer or its deadline; if its node is lost, or somebody else leads now, it is
 *   settled early as unknown.
 */
import type { CallError, GroupId } from '@callboard/client/protocol';
import { refTo, type Context } from '../../kernel/index.ts';
import {
  partitionActorId,
  type PartitionAnswer,
  type PartitionFailed,
} from '../partition-replica/messages.ts';
import type { Ask } from './ask.ts';
import { quarantinedError } from '../partition-replica/errors.ts';
import { inDoubt, nodeLost, noReplicaServes, sendRefused, unanswered } from './failures.ts';
import type { Leaders } from './leaders.ts';
import type { GatewayMessage } from './messages.ts';
import type { GatewayPace } from './pace.ts';
import { Wheel } from './wheel.ts';

/** Hints are followed at once only so often in a row: two replicas may each believe in the other. */
const hintsInARow = 2;

interface Flight {
  readonly ask: Ask;
  /** The nodes of the attempts that were sent and not answered, by id. */
  readonly attempts: Map<number, string>;
  /** The attempt that decides what happens next; 0 while pausing. */
  current: number;
  /** An attempt was answered with an unknown outcome. */
  doubt: boolean;
  /** Its node may be gone: settle or ask again when it is due. */
  suspect: boolean;
  pauses: number;
  hints: number;
  /** The nodes whose replicas said that they are in quarantine. */
  readonly quarantined: Set<string>;
  last: CallError | undefined;
  bucket: number;
}

function certain(flight: Flight): boolean {
  return !flight.doubt && flight.attempts.size === 0;
}

/** When to give up: later, perhaps, for an answer that is on its way than for another attempt. */
function giveUpMs(flight: Flight): number {
  const { deadlineMs, answerByMs } = flight.ask;
  return flight.current === 0 ? deadlineMs : Math.max(deadlineMs, answerByMs ?? 0);
}

export class Asks {
  readonly #context: Context<GatewayMessage>;
  readonly #leaders: Leaders;
  readonly #pace: GatewayPace;
  readonly #due: Wheel<Flight>;
  readonly #flights = new Set<Flight>();
  readonly #byAttempt = new Map<number, Flight>();
  /** Drawn, so that an answer to a question from before a restart of the node is not taken for one of now. */
  #lastId: number;

  constructor(context: Context<GatewayMessage>, leaders: Leaders, pace: GatewayPace) {
    this.#context = context;
    this.#leaders = leaders;
    this.#pace = pace;
    this.#due = new Wheel(pace.tickMs);
    this.#lastId = Math.floor(context.random() * 2 ** 44);
  }

  get size(): number {
    return this.#flights.size;
  }

  /** Whether an answer to the question of this number would still be taken. */
  isOpen(id: number): boolean {
    return this.#byAttempt.has(id);
  }

  start(ask: Ask): void {
    const flight: Flight = {
      ask,
      attempts: new Map(),
      current: 0,
      doubt: false,
      suspect: false,
      pauses: 0,
      hints: 0,
      quarantined: new Set(),
      last: undefined,
      bucket: -1,
    };
    this.#flights.add(flight);
    this.#attempt(flight);
  }

  answered(message: PartitionAnswer): void {
    const flight = this.#byAttempt.get(message.id);
    if (flight === undefined) return;
    const node = flight.attempts.get(message.id) ?? '';
    this.#byAttempt.delete(message.id);
    flight.attempts.delete(message.id);
    if (message.kind === 'partition-failed') {
      this.#failed(flight, message, node);
      return;
    }
    this.#learn(flight.ask.group, node);
    this.#end(flight);
    flight.ask.settled({ kind: 'answer', answer: message, node });
  }

  /** The connection to `node` closed: what was sent there may be lost, and so may its answers. */
  nodeLost(node: string): void {
    for (const flight of [...this.#flights]) {
      if (flight.attempts.get(flight.current) !== node) continue;
      this.#leaders.miss(flight.ask.group, node, flight.ask.replicas());
      if (flight.ask.repeatable) this.#attempt(flight);
      else this.#fail(flight, nodeLost(flight.ask.group, node));
    }
  }

  /** The group's topic was removed: nobody will answer, and nothing that was not stored will be. */
  groupsRemoved(groups: ReadonlySet<GroupId>, error: CallError): void {
    for (const flight of [...this.#flights]) {
      if (groups.has(flight.ask.group)) this.#fail(flight, error);
    }
  }

  /** Everything that is due: pauses that are over, attempts without an answer, deadlines. */
  sweep(nowMs: number): void {
    for (const flight of this.#due.sweep(nowMs)) {
      flight.bucket = -1;
      if (!this.#flights.has(flight)) continue;
      if (nowMs >= giveUpMs(flight)) this.#expire(flight);
      else if (flight.current === 0) this.#attempt(flight);
      else this.#missed(flight);
    }
  }

  #attempt(flight: Flight): void {
    const { ask } = flight;
    flight.current = 0;
    flight.suspect = false;
    const replicas = ask.replicas();
    const id = this.#nextId();
    const request = ask.request(id, this.#context.self);
    if (request === undefined) {
      this.#end(flight);
      return;
    }
    // A refused send has taken nothing, so the same message may go to the next replica.
    for (let tried = 0; tried < replicas.length; tried += 1) {
      const node = this.#leaders.pick(ask.group, replicas);
      if (node === undefined) break;
      const result = this.#context.send(refTo(node, partitionActorId(ask.group)), request);
      if (result === 'accepted') {
        this.#sent(flight, id, node);
        return;
      }
      flight.last = sendRefused(result, node);
      if (result === 'full') break;
      this.#leaders.miss(ask.group, node, replicas);
    }
    this.#pause(flight, flight.last ?? noReplicaServes(ask.group, undefined));
  }

  #sent(flight: Flight, id: number, node: string): void {
    flight.attempts.set(id, node);
    flight.current = id;
    this.#byAttempt.set(id, flight);
    const untilMs = giveUpMs(flight);
    const dueMs = flight.ask.repeatable ? this.#context.now() + this.#pace.attemptMs : untilMs;
    this.#schedule(flight, Math.min(dueMs, untilMs));
  }

  #failed(flight: Flight, message: PartitionFailed, node: string): void {
    const { ask } = flight;
    const { error, leader } = message;
    const replicas = ask.replicas();
    flight.last = error;
    if (error.outcome !== 'not_applied') flight.doubt = true;
    const hinted =
      error.code === 'not_leader' && leader !== undefined && leader !== node && replicas.includes(leader);
    if (hinted) this.#learn(ask.group, leader);
    else if (error.code !== 'overloaded') this.#leaders.miss(ask.group, node, replicas);
    if (error.code === 'partition_quarantined') {
      this.#quarantined(flight, message.id, node);
      return;
    }
    if (this.#isFinal(flight, error)) {
      this.#fail(flight, error);
      return;
    }
    // A late answer: a newer attempt is on its way, or a pause for one.
    if (message.id !== flight.current) return;
    if (hinted && flight.hints < hintsInARow) {
      flight.hints += 1;
      ask.refused(error, certain(flight));
      this.#attempt(flight);
      return;
    }
    this.#pause(flight, error);
  }

  #quarantined(flight: Flight, attempt: number, node: string): void {
    const { ask, quarantined } = flight;
    const replicas = ask.replicas();
    const met = quarantined.has(node);
    quarantined.add(node);
    const out = replicas.filter((replica) => quarantined.has(replica));
    const error = quarantinedError(ask.group, out);
    if (2 * out.length > replicas.length) this.#fail(flight, error);
    else if (attempt !== flight.current) return;
    else if (met) this.#pause(flight, error);
    else {
      ask.refused(error, certain(flight));
      this.#attempt(flight);
    }
  }

  #isFinal(flight: Flight, error: CallError): boolean {
    if (error.outcome === 'applied') return true;
    if (error.outcome === 'unknown') return !flight.ask.repeatable;
    // Nobody makes room within a call's deadline; whoever asks is better told at once.
    return !error.retriable || error.code === 'low_disk_space' || error.code === 'memory_full';
  }

  #pause(flight: Flight, error: CallError): void {
    const { firstPauseMs, maxPauseMs } = this.#pace;
    const base = Math.min(maxPauseMs, firstPauseMs * 2 ** Math.min(flight.pauses, 20));
    const jittered = base * (0.75 + this.#context.random() / 2);
    flight.pauses += 1;
    flight.hints = 0;
    flight.current = 0;
    const wishMs = Math.min(error.retryAfterMs ?? 0, maxPauseMs);
    this.#schedule(flight, Math.min(this.#context.now() + Math.max(jittered, wishMs), flight.ask.deadlineMs));
    flight.ask.refused(error, certain(flight));
  }

  /** No answer in time to an attempt that may be repeated, or the node of one that may not is no longer the leader. */
  #missed(flight: Flight): void {
    const { ask } = flight;
    const node = flight.attempts.get(flight.current) ?? '';
    this.#leaders.miss(ask.group, node, ask.replicas());
    if (ask.repeatable) this.#attempt(flight);
    else this.#fail(flight, nodeLost(ask.group, node));
  }

  #expire(flight: Flight): void {
    const { group } = flight.ask;
    const node = [...flight.attempts.values()].at(-1);
    this.#fail(flight, certain(flight) ? noReplicaServes(group, flight.last) : unanswered(group, node));
  }

  #fail(flight: Flight, error: CallError): void {
    const sure = certain(flight);
    this.#end(flight);
    const told = sure || error.outcome === 'applied' ? error : inDoubt(error);
    flight.ask.settled({ kind: 'failed', error: told, certain: sure });
  }

  /** A replica on this node knows who leads `group`. */
  leaderNews(group: GroupId, node: string): void {
    this.#learn(group, node);
  }

  /** Whoever still waits for another node than the new leader gets a short while, for an answer that is on its way. */
  #learn(group: GroupId, node: string): void {
    if (!this.#leaders.learn(group, node)) return;
    const dueMs = this.#context.now() + this.#pace.graceMs;
    for (const flight of this.#flights) {
      const asked = flight.attempts.get(flight.current);
      if (flight.ask.group !== group || asked === undefined || asked === node || flight.suspect) continue;
      flight.suspect = true;
      this.#schedule(flight, Math.min(dueMs, giveUpMs(flight)));
    }
  }

  #schedule(flight: Flight, dueMs: number): void {
    if (flight.bucket >= 0) this.#due.delete(flight, flight.bucket);
    flight.bucket = this.#due.add(flight, dueMs);
  }

  #end(flight: Flight): void {
    if (flight.bucket >= 0) this.#due.delete(flight, flight.bucket);
    flight.bucket = -1;
    this.#flights.delete(flight);
    for (const id of flight.attempts.keys()) this.#byAttempt.delete(id);
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }
}
