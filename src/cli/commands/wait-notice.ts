/** Tells somebody at a terminal what a command waits for, once it has waited for longer than people like. */
import type { ClientStatus } from '@callboard/client';
import type { Console } from '../console.ts';

const PATIENCE_MS = 1_500;

export class WaitNotice {
  readonly #timer: NodeJS.Timeout;
  #reason = '';

  /** `deadlineMs`: when the command gives up. Programs that read JSON are told by the error alone. */
  constructor(out: Console, urls: readonly string[], deadlineMs: number) {
    this.#timer = setTimeout(() => {
      if (out.json) return;
      const seconds = Math.round(deadlineMs / 1_000);
      process.stderr.write(
        `Waiting for ${urls.join(', ')}${this.#reason}: it is tried for ${seconds} s in all. Is a node running there? Ctrl-C ends this.\n`,
      );
    }, PATIENCE_MS);
  }

  heard(status: ClientStatus): void {
    if (status.kind === 'reconnecting') this.#reason = ` (${status.reason})`;
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
