/**
 * LogWriter, the only writer of the node's log. See messages.ts for what it takes.
 *
 * One batch is in flight at any time. What arrives meanwhile gathers, and the next batch carries it for all groups with one
 * sync. A storage failure is final: the actor throws, its supervisor escalates, the process ends (the last batch is in doubt,
 * and an fsync is never tried again).
 */
import type { Actor, Context } from '../../kernel/index.ts';
import type { GroupWrite, LogStore, StoreAnswer } from '../../raft/index.ts';
import type { GroupId } from '@callboard/client/protocol';
import { BatchLimit } from './batch-limit.ts';
import { mergeWrites } from './merge.ts';
import type { LogBirth, LogDeath, LogOpen, LogSave, LogWrite, LogWriterMessage } from './messages.ts';

export interface LogWriterOptions {
  readonly store: LogStore;
  readonly batchEntries: number;
  readonly batchBytes: number;
  /** Walks at the same time. */
  readonly opensInFlight?: number;
}

/** What is in flight: a batch of writes, births or deaths of any number of askers (one journal record for all), or one document. */
type InFlight =
  | { readonly kind: 'writes'; readonly requests: readonly LogWrite[] }
  | { readonly kind: 'births'; readonly requests: readonly LogBirth[] }
  | { readonly kind: 'deaths'; readonly requests: readonly LogDeath[] }
  | { readonly kind: 'save'; readonly request: LogSave };

export class LogWriter implements Actor<LogWriterMessage> {
  readonly #store: LogStore;
  readonly #batchBytes: number;
  readonly #opensInFlight: number;
  readonly #limit: BatchLimit;
  #writes: LogWrite[] = [];
  #births: LogBirth[] = [];
  #deaths: LogDeath[] = [];
  #saves: LogSave[] = [];
  /** In order of arrival. */
  readonly #opens = new Set<LogOpen>();
  readonly #walking = new Set<GroupId>();
  #inFlight: InFlight | undefined;
  #batches = 0;
  #entries = 0;

  constructor(options: LogWriterOptions) {
    this.#store = options.store;
    this.#batchBytes = options.batchBytes;
    this.#opensInFlight = options.opensInFlight ?? 8;
    this.#limit = new BatchLimit(options.batchEntries);
  }

  receive(message: LogWriterMessage, context: Context<LogWriterMessage>): void {
    switch (message.kind) {
      case 'log-write':
        this.#writes.push(message);
        break;
      case 'log-birth':
        this.#births.push(message);
        break;
      case 'log-death':
        this.#bury(message);
        break;
      case 'log-save':
        this.#saves.push(message);
        break;
      case 'log-open':
        this.#opens.add(message);
        break;
      case 'log-walked':
        this.#walking.delete(message.group);
        break;
      case 'log-done':
        this.#finish(message.failure, context);
        break;
    }
    this.#startNext(context);
    this.#startOpens(context);
  }

  inspect(): Record<string, unknown> {
    return {
      waiting: this.#writes.length,
      batches: this.#batches,
      entries: this.#entries,
      batchLimitEntries: this.#limit.entries,
      walking: this.#walking.size,
    };
  }

  #startNext(context: Context<LogWriterMessage>): void {
    if (this.#inFlight !== undefined) return;
    const done = (answer: StoreAnswer): void => {
      context.send(
        context.self,
        { kind: 'log-done', failure: answer.ok ? undefined : answer.detail },
        'control',
      );
    };
    if (this.#births.length > 0) {
      const requests = this.#births;
      this.#births = [];
      this.#inFlight = { kind: 'births', requests };
      const births = requests.flatMap((request) => request.births);
      // A manager that was restarted asks again: one birth per group is enough.
      this.#store.birth([...new Map(births.map((birth) => [birth.group, birth])).values()], done);
      return;
    }
    if (this.#deaths.length > 0 && this.#startDeaths(done)) return;
    // A document comes after all births and deaths that were asked for before it, also those that wait for a walk.
    const save = this.#deaths.length === 0 ? this.#saves.shift() : undefined;
    if (save !== undefined) {
      this.#inFlight = { kind: 'save', request: save };
      this.#store.saveDocument(save.name, save.text, done);
      return;
    }
    if (this.#writes.length > 0) this.#writeBatch(done);
  }

  /** Nobody waits any more for what these groups have queued. */
  #bury(request: LogDeath): void {
    const dying = new Set(request.groups);
    this.#writes = this.#writes.filter(({ write }) => !dying.has(write.group));
    for (const open of this.#opens) if (dying.has(open.group)) this.#opens.delete(open);
    this.#deaths.push(request);
  }

  /** Those none of whose groups is being walked; the others wait for their walks. Nothing else is in flight here. */
  #startDeaths(done: (answer: StoreAnswer) => void): boolean {
    const walked = (request: LogDeath): boolean => request.groups.some((group) => this.#walking.has(group));
    const requests = this.#deaths.filter((request) => !walked(request));
    if (requests.length === 0) return false;
    this.#deaths = this.#deaths.filter(walked);
    this.#inFlight = { kind: 'deaths', requests };
    this.#store.death([...new Set(requests.flatMap((request) => request.groups))], done);
    return true;
  }

  #writeBatch(done: (answer: StoreAnswer) => void): void {
    const requests = this.#gather();
    this.#inFlight = { kind: 'writes', requests };
    const parts = new Map<GroupId, [GroupWrite, ...GroupWrite[]]>();
    for (const { write } of requests) {
      const part = parts.get(write.group);
      if (part === undefined) parts.set(write.group, [write]);
      else part.push(write);
    }
    this.#batches += 1;
    this.#store.write(
      [...parts.values()].map((writes) => mergeWrites(writes)),
      done,
    );
  }

  /** Takes requests in order of arrival up to the limits, always at least one. */
  #gather(): readonly LogWrite[] {
    let count = 0;
    let entries = 0;
    let bytes = 0;
    for (const { write } of this.#writes) {
      if (count > 0 && (entries >= this.#limit.entries || bytes >= this.#batchBytes)) break;
      count += 1;
      entries += write.entries.length;
      for (const entry of write.entries) bytes += entry.bytes.byteLength;
    }
    const taken = this.#writes.slice(0, count);
    this.#writes = this.#writes.slice(count);
    this.#limit.observe(entries, this.#writes.length > 0);
    this.#entries += entries;
    return taken;
  }

  #finish(failure: string | undefined, context: Context<LogWriterMessage>): void {
    const ended = this.#inFlight;
    this.#inFlight = undefined;
    if (failure !== undefined) {
      throw new Error(`storage_failed: ${failure}; the last batch is in doubt, this node ends`);
    }
    if (ended === undefined) throw new Error('the store answered although nothing was in flight');
    switch (ended.kind) {
      case 'save':
        context.send(ended.request.replyTo, { kind: 'log-saved', name: ended.request.name }, 'control');
        break;
      case 'births':
        for (const { replyTo, births } of ended.requests) {
          context.send(replyTo, { kind: 'log-born', groups: births.map((birth) => birth.group) }, 'control');
        }
        break;
      case 'deaths':
        for (const { replyTo, groups } of ended.requests) {
          context.send(replyTo, { kind: 'log-died', groups }, 'control');
        }
        break;
      case 'writes':
        this.#written(ended.requests, context);
    }
  }

  #written(ended: readonly LogWrite[], context: Context<LogWriterMessage>): void {
    // Per group only the newest token of each incarnation matters: `written` covers all before it.
    const newest = new Map<GroupId, LogWrite>();
    for (const request of ended) {
      const before = newest.get(request.write.group);
      if (before !== undefined && before.incarnation !== request.incarnation) tell(before, context);
      newest.set(request.write.group, request);
    }
    for (const request of newest.values()) tell(request, context);
  }

  #startOpens(context: Context<LogWriterMessage>): void {
    for (const open of this.#opens) {
      // At a start there is one of each replica: the others are looked at when a walk has ended.
      if (this.#walking.size >= this.#opensInFlight) return;
      if (this.#walking.has(open.group) || this.#touches(open.group)) continue;
      this.#opens.delete(open);
      this.#walking.add(open.group);
      this.#store.open(open.group, (log) => {
        context.send(open.replyTo, { kind: 'group-opened', incarnation: open.incarnation, log }, 'control');
        context.send(context.self, { kind: 'log-walked', group: open.group }, 'control');
      });
    }
  }

  /** Whether a write of the group is queued or in flight: a walk must not race it. */
  #touches(group: GroupId): boolean {
    if (this.#writes.some((request) => request.write.group === group)) return true;
    const running = this.#inFlight;
    return running?.kind === 'writes' && running.requests.some((request) => request.write.group === group);
  }
}

function tell(request: LogWrite, context: Context<LogWriterMessage>): void {
  context.send(
    request.replyTo,
    { kind: 'group-written', incarnation: request.incarnation, token: request.token },
    'control',
  );
}
