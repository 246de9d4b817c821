/**
 * What is owed to clients: requests that arrived and are not answered, and answers that are not taken yet. Kept per connection,
 * because a response that waits behind another one (pipelining) hears nothing when its connection breaks.
 *
 * A connection that leaves much untaken gets no further answers of any size: who does not read is not served. All together have a
 * bound, of which each client address has its share.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { SharedBudget } from '../../kernel/index.ts';

/** What one connection owes. */
interface Account {
  open: number;
  unsentBytes: number;
  /** Gives back the share of each answer that is not taken yet. */
  readonly untaken: Set<() => void>;
  /** Who waits to hear that an answer was not handed over. */
  readonly handing: Set<(handed: boolean) => void>;
  /** The connection is gone, and everything owed with it. */
  closed: boolean;
}

export interface LedgerOptions {
  /** Of one connection; overstepped by one answer at most. */
  readonly connectionBytes: number;
  /** Of all connections. */
  readonly budget: SharedBudget;
  /** Called whenever nothing is owed any more. */
  settled(): void;
}

/** Answers below this are always written: refusals must be possible, and how many there are is bounded elsewhere. */
const briefBytes = 1_024;

export class Ledger {
  readonly #accounts = new WeakMap<Socket, Account>();
  readonly #options: LedgerOptions;
  #open = 0;

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  get open(): number {
    return this.#open;
  }

  get unsentBytes(): number {
    return this.#options.budget.used;
  }

  arrived({ socket }: IncomingMessage, response: ServerResponse): void {
    const account = this.#account(socket);
    account.open += 1;
    this.#open += 1;
    response.once('close', () => this.#answered(account, 1));
  }

  /** Whether an answer of more than a few words should be made at all. */
  mayAnswer(response: ServerResponse): boolean {
    const account = this.#accounts.get(response.req.socket);
    return account === undefined || account.unsentBytes < this.#options.connectionBytes;
  }

  /** `bytes` are about to be written, of the share of `owner`. `gone`: nobody is left to write to. `no-room`: say so in a few words. */
  answering(response: ServerResponse, bytes: number, owner: string): 'ok' | 'gone' | 'no-room' {
    const account = this.#accounts.get(response.req.socket);
    if (account === undefined || account.closed || response.destroyed) return 'gone';
    if (bytes < briefBytes) return 'ok';
    const { budget } = this.#options;
    if (!this.mayAnswer(response) || !budget.take(owner, bytes)) return 'no-room';
    account.unsentBytes += bytes;
    const taken = (): void => {
      if (!account.untaken.delete(taken)) return;
      account.unsentBytes -= bytes;
      budget.give(owner, bytes);
    };
    account.untaken.add(taken);
    response.once('close', taken);
    return 'ok';
  }

  /**
   * To be called before the answer is written. `then` is called once: with true when all of it was handed to the system's socket, which was
   * open then; with false when the connection ended before.
   */
  handing(response: ServerResponse, then: (handed: boolean) => void): void {
    const { socket } = response.req;
    const account = this.#account(socket);
    const done = (handed: boolean): void => {
      if (account.handing.delete(done)) then(handed);
    };
    if (account.closed) {
      then(false);
      return;
    }
    account.handing.add(done);
    response.once('finish', () => done(!socket.destroyed && socket.errored === null));
    response.once('close', () => done(false));
  }

  #account(socket: Socket): Account {
    const known = this.#accounts.get(socket);
    if (known !== undefined) return known;
    const account: Account = {
      open: 0,
      unsentBytes: 0,
      untaken: new Set(),
      handing: new Set(),
      closed: false,
    };
    this.#accounts.set(socket, account);
    socket.once('close', () => {
      for (const taken of account.untaken) taken();
      this.#answered(account, account.open);
      account.closed = true;
      for (const done of [...account.handing]) done(false);
    });
    return account;
  }

  #answered(account: Account, requests: number): void {
    if (account.closed) return;
    account.open -= requests;
    this.#open -= requests;
    if (this.#open === 0) this.#options.settled();
  }
}
