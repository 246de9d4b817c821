/** Where a node's process takes clients: what its wire server does once a WebSocket is there, for as long as the process lives. */
import type { WebSocket } from 'ws';
import type { ClosingCode, Limits } from '@callboard/client/protocol';
import { openClientSession, type SharedBySessions } from '../../src/node/client-sessions.ts';
import { ClientConnection } from '../../src/transport/client-connection.ts';
import { FrameRates } from '../../src/transport/frame-rates.ts';
import { UnsentBytes } from '../../src/transport/unsent-bytes.ts';
import type { ObservedSystem } from '../observe/observed-system.ts';
import type { Report } from '../observe/report.ts';
import type { SimClock } from '../ports/sim-clock.ts';
import type { NodeSocket } from './node-socket.ts';

export interface ClientPortOptions {
  readonly node: string;
  readonly system: ObservedSystem;
  readonly clock: SimClock;
  readonly limits: Limits;
  readonly sessions: SharedBySessions;
  readonly report: Report;
}

const sweepMs = 15_000;
/** Above the numbers of connections that stand-ins have. */
const firstId = 1_000_000;

/** An honest client gives no cause for these. */
const dishonest: ReadonlySet<ClosingCode> = new Set<ClosingCode>([
  'frame_invalid',
  'frame_too_large',
  'version_mismatch',
  'auth_failed',
]);

export class ClientPort {
  readonly #options: ClientPortOptions;
  readonly #connections = new Map<ClientConnection, (power: boolean) => void>();
  /** As in production: numbered anew by each process. */
  #lastId = firstId;
  readonly #rates: FrameRates;
  readonly #unsent: UnsentBytes;

  constructor(options: ClientPortOptions) {
    this.#options = options;
    this.#rates = new FrameRates(options.limits, options.clock);
    this.#unsent = new UnsentBytes(options.limits);
    this.#sweep();
  }

  /** `gone`: told when the process ends while the connection is open. */
  accept(socket: NodeSocket, gone: (power: boolean) => void): void {
    const { node, system, clock, limits, sessions } = this.#options;
    this.#lastId += 1;
    const connection = new ClientConnection(
      this.#lastId,
      '10.0.0.1',
      socket as unknown as WebSocket,
      undefined,
      {
        node,
        limits,
        clock,
        rates: this.#rates,
        unsent: this.#unsent,
        sendBytes: 4 * limits.frameBytes,
        authenticate: () => true,
        opened: (opened) => openClientSession(system, opened, limits, sessions),
        ended: (ended, code, detail) => this.#ended(ended, code, detail),
      },
    );
    this.#connections.set(connection, gone);
  }

  processEnded(power: boolean): void {
    const all = [...this.#connections.values()];
    this.#connections.clear();
    for (const gone of all) gone(power);
  }

  #ended(connection: ClientConnection, code: ClosingCode | undefined, detail: string): void {
    const { node, report } = this.#options;
    this.#connections.delete(connection);
    if (code === undefined) return;
    report.event(node, 'client-closed', code, detail);
    if (dishonest.has(code)) report.violation('wire', `${node} closed a client with ${code}: ${detail}`);
  }

  #sweep(): void {
    this.#options.clock.setTimer(sweepMs, () => {
      this.#sweep();
      for (const connection of this.#connections.keys()) connection.sweep();
    });
  }
}
