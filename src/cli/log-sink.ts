/**
 * Where the lines of a log go: written at once, so that the last words of a dying process are there. A log that cannot be
 * written (its disk is full or fails, its reader does not read) costs the process neither its life nor its time: lines wait
 * up to a bound, then they are lost and counted.
 */
import type { LogTarget } from './log-file.ts';

const WAITING_BYTES = 1 << 20;
const RETRY_MS = 250;
/** For a reader that is only slow, when there will be no later. */
const LAST_WORDS_MS = 300;

export class LogSink {
  readonly #target: LogTarget;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #lost = 0;
  #retry: NodeJS.Timeout | undefined;

  constructor(target: LogTarget) {
    this.#target = target;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.byteLength > WAITING_BYTES) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.byteLength;
    if (this.#retry === undefined) this.#flush();
  }

  /** Pino calls it after a fatal line: the process may end next. */
  flushSync(): void {
    const end = performance.now() + LAST_WORDS_MS;
    while (this.#flush() === 'EAGAIN' && performance.now() < end) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }

  /** Returns the code of what is in the way, if anything is. */
  #flush(): string | undefined {
    try {
      for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
        this.#writeSome(first);
      }
    } catch (error) {
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined;
        this.#flush();
      }, RETRY_MS).unref();
      return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    }
    this.#tellLoss();
    return undefined;
  }

  #writeSome(first: Buffer): void {
    const written = this.#target.write(first);
    this.#waitingBytes -= written;
    if (written === first.byteLength) this.#waiting.shift();
    else this.#waiting[0] = first.subarray(written);
  }

  #tellLoss(): void {
    if (this.#lost === 0) return;
    const line = {
      level: 40,
      time: Date.now(),
      lines: this.#lost,
      msg: 'lines of this log are lost: it could not be written',
    };
    this.#lost = 0;
    this.write(`${JSON.stringify(line)}\n`);
  }
}
