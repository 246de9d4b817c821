/** The kills of a real-input run, and the load held back so that each of them meets some. */
import type { Api } from '../../test/lib/api.ts';
import type { DevProcess } from '../../test/lib/dev-process.ts';
import { eventually } from '../../test/lib/eventually.ts';

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The load in equal parts: in the k-th the k-th kill happens, and the part after it waits for everybody's return. */
export class Progress {
  readonly #total: number;
  readonly #parts: number;
  #killsDone = 0;
  stored = 0;
  consumed = 0;

  constructor(total: number, parts: number) {
    this.#total = total;
    this.#parts = parts;
  }

  killIsOver(): void {
    this.#killsDone += 1;
  }

  mayReach(share: number): Promise<void> | true {
    if (this.#reaches(share)) return true;
    return eventually('all nodes are back', () => this.#reaches(share), 120_000).then(() => undefined);
  }

  /** The middle of the k-th part, from 1. */
  untilIn(part: number): Promise<unknown> {
    const share = (part - 0.7) / this.#parts;
    return eventually(
      `${Math.round(share * 100)} % are stored`,
      () => this.stored >= share * this.#total,
      120_000,
    );
  }

  #reaches(share: number): boolean {
    return share < (this.#killsDone + 1) / this.#parts;
  }
}

/** Kills these nodes (from 1) in the middle of part `part` with SIGKILL, all in one go, and waits until they are back. */
export async function killIn(
  part: number,
  nodes: readonly number[],
  dev: DevProcess,
  apis: readonly Api[],
  progress: Progress,
): Promise<void> {
  await progress.untilIn(part);
  const before = nodes.map((node) => ({ node, pid: dev.pid(node) }));
  for (const { node, pid } of before) {
    if (pid === undefined) throw new Error(`broker-${node} has no pid file`);
    process.kill(pid, 'SIGKILL');
    say(
      `killed broker-${node} (pid ${pid}) at ${progress.stored} lines stored, ${progress.consumed} consumed`,
    );
  }
  for (const { node, pid } of before) {
    const api = apis[node - 1];
    const back = async (): Promise<boolean> => dev.pid(node) !== pid && (await api?.isReady()) === true;
    await eventually(`broker-${node} is back`, back, 60_000);
    say(`broker-${node} is back (pid ${dev.pid(node)})`);
  }
  progress.killIsOver();
}
