/**
 * What is owed to clients: requests that arrived and are not answered, and large answers that are not taken yet. Kept per
 * connection, because a response that waits behind another one (pipelining) hears nothing when its connection breaks.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

interface Account {
  open: number;
  unsentBytes: number;
  /** Who waits to hear that an answer was not handed over. */
  readonly handing: Set<(handed: boolean) => void>;
  /** The connection is gone, and everything owed with it. */
  closed: boolean;
}

/** Answers from this size on are counted while their client takes them. */
const countedBytes = 1_024;

export class Ledger {
  readonly #accounts = new WeakMap<Socket, Account>();
  readonly #settled: () => void;
  #open = 0;
  #unsentBytes = 0;

  /** `settled` is called whenever nothing is owed any more. */
  constructor(settled: () => void) {
    this.#settled = settled;
  }

  get open(): number {
    return this.#open;
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  arrived(request: IncomingMessage, response: ServerResponse): void {
    const account = this.#account(request.socket);
    account.open += 1;
    this.#open += 1;
    response.once('close', () => this.#pay(account, 1, 0));
  }

  /** `bytes` are about to be written. False: there is nobody left to write to. */
  answering(response: ServerResponse, bytes: number): boolean {
    const account = this.#accounts.get(response.req.socket);
    if (account === undefined || account.closed || response.destroyed) return false;
    if (bytes < countedBytes) return true;
    account.unsentBytes += bytes;
    this.#unsentBytes += bytes;
    response.once('close', () => this.#pay(account, 0, bytes));
    return true;
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
    const account: Account = { open: 0, unsentBytes: 0, handing: new Set(), closed: false };
    this.#accounts.set(socket, account);
    socket.once('close', () => {
      this.#pay(account, account.open, account.unsentBytes);
      account.closed = true;
      for (const done of [...account.handing]) done(false);
    });
    return account;
  }

  #pay(account: Account, requests: number, bytes: number): void {
    if (account.closed) return;
    account.open -= requests;
    account.unsentBytes -= bytes;
    this.#open -= requests;
    this.#unsentBytes -= bytes;
    if (this.#open === 0) this.#settled();
  }
}
