/** What the producers and consumers of one program share. */
import { CallboardError, type Client } from '@callboard/client';
import type { Platform } from '../../client/inside.ts';
import type { SimRandom } from '../../ports/sim-random.ts';
import type { World } from '../../world.ts';
import { misdates } from '../memory.ts';
import type { KnownTopic, Workload } from '../workload.ts';
import type { Waits } from './waits.ts';

export interface Program {
  readonly work: Workload;
  readonly world: World;
  readonly topic: KnownTopic;
  readonly name: string;
  readonly random: SimRandom;
  readonly waits: Waits;
  /** Runs `step` in the process that runs now, after a pause around `meanMs`, and not any more once the work is over. */
  later(meanMs: number, step: () => void): void;
  /** The same for what goes on for ever, in calm and idle times alike. */
  soon(meanMs: number, step: () => void): void;
}

/** One client of the program, from its connecting to its end. */
export interface Running {
  readonly client: Client;
  readonly platform: Platform;
  readonly deadlineMs: number;
  /** The process was killed, or the client closed. */
  readonly over: () => boolean;
}

/** The failure, if it is one of these or of a partition in quarantine; undefined, and a violation, for any other. */
export function expectFailure(
  world: World,
  error: unknown,
  codes: readonly string[],
  what: string,
): CallboardError | undefined {
  const quarantined = world.report.points.has('a replica was put into quarantine')
    ? ['partition_quarantined']
    : [];
  const misdated = error instanceof CallboardError && misdates(world, error) ? ['bad_request'] : [];
  const allowed = [...codes, ...quarantined, ...misdated];
  if (error instanceof CallboardError && allowed.includes(error.code)) {
    world.report.detail('', () => `${what} failed: ${error.code} ${error.outcome}: ${error.message}`);
    return error;
  }
  const text = error instanceof CallboardError ? error.message : String((error as Error)?.stack ?? error);
  world.report.violation('client', `${what} failed with ${text}`);
  return undefined;
}
