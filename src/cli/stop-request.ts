/** The wish that this process ends: by a signal, or because the one who started it is gone. */
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** One Ctrl-C may arrive twice: from the terminal, and passed on by npm. */
const SAME_WISH_MS = 1_000;

export class StopRequest {
  /** Resolves to the reason of the first wish. */
  readonly asked: Promise<string>;
  #resolve: (reason: string) => void = () => undefined;
  #askedAtMs: number | undefined;
  readonly #onRepeat: (reason: string) => void;

  constructor(onRepeat: (reason: string) => void = () => undefined) {
    this.#onRepeat = onRepeat;
    this.asked = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    for (const signal of SIGNALS) process.on(signal, () => this.ask(signal));
  }

  ask(reason: string): void {
    const now = performance.now();
    if (this.#askedAtMs === undefined) {
      this.#askedAtMs = now;
      this.#resolve(reason);
    } else if (now - this.#askedAtMs > SAME_WISH_MS) {
      this.#onRepeat(reason);
    }
  }

  /**
   * Asks when standard input ends. The parent holds the other end and never writes: however it dies, the kernel
   * closes that end, and we read the end of the stream, also if it happened before we began to read.
   */
  askAtEndOfInput(): void {
    this.#askAtEndOf(process.stdin, 'the supervisor is gone');
  }

  /** The same on descriptor 3, for a program whose standard input belongs to the one who sits before it. */
  askAtEndOfParent(): void {
    this.#askAtEndOf(new Socket({ fd: 3, readable: true, writable: false }), 'npm start is gone');
  }

  #askAtEndOf(stream: Readable, reason: string): void {
    const ask = (): void => this.ask(reason);
    stream.on('end', ask).on('close', ask).on('error', ask).resume();
  }
}

/** The promise's value, or `undefined` after `ms`. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
