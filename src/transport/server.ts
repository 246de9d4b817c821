/**
 * Takes WebSocket connections off a node's HTTP server: `/peer` for nodes, `/client` for clients, nothing else. What a
 * path accepts is fixed here, before a single frame is read; the two never mix.
 *
 * Browsers send an Origin and would carry a user's page straight to a local node, so origins are refused unless listed or
 * the node's own; peers never have one. Connections are capped in total, of which each address has its share.
 */
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerOptions } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { ClosingCode, Limits } from '@callboard/client/protocol';
import type { Clock, ClockTimer, Trace } from '../kernel/ports.ts';
import { SharedBudget } from '../kernel/shared-budget.ts';
import { ClientConnection, type ClientHandlers } from './client-connection.ts';
import { FrameRates } from './frame-rates.ts';
import { asPlainRequest } from './plain-request.ts';
import type { RequestPolicy } from './request-policy.ts';
import { UnsentBytes } from './unsent-bytes.ts';
import { socketOptions } from './wire-socket.ts';

/** For `createServer`: a slow or endless request head costs little and not for long. Some can only be given there. */
export const hardenedServerOptions: ServerOptions = {
  headersTimeout: 5_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16_384,
};

export interface WireServerOptions {
  readonly node: string;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly trace: Trace;
  /** Why a client's upgrade with these headers is refused, if it is. */
  readonly policy?: Pick<RequestPolicy, 'malformed' | 'foreignHost' | 'foreignPage'>;
  /** Whom an upgrade counts for. Default: the other end of its socket. */
  readonly addressOf?: (request: IncomingMessage) => string;
  /** A bound on the connections of one address, of clients, beside its share of all. Default: none. */
  readonly connectionsPerAddress?: number;
  /** Bytes that may wait for one client. Default: four frames. */
  readonly clientSendBytes?: number;
  /** How often silent clients are asked for a sign of life. Default: 15 s. */
  readonly sweepMs?: number;
  /** Takes peers; without it there is no such path. */
  readonly acceptPeer?: (socket: WebSocket, raw: Duplex, address: string) => void;
  authenticate(token: string | undefined): boolean;
  /** A client's hello is over; returns who takes its frames. */
  openClient(connection: ClientConnection): ClientHandlers;
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '';
}

/** Every other wish to speak another protocol is ignored, as servers do that speak none (RFC 9110, section 7.8). */
function asksForWebSocket(request: IncomingMessage): boolean {
  const path = pathOf(request);
  return request.headers.upgrade?.toLowerCase() === 'websocket' && (path === '/client' || path === '/peer');
}

function hasBody(headers: IncomingHttpHeaders): boolean {
  return Number(headers['content-length'] ?? 0) !== 0 || headers['transfer-encoding'] !== undefined;
}

type Refusal = readonly [status: number, reason: string];

function refuse(raw: Duplex, [status, reason]: Refusal): void {
  raw.once('finish', () => raw.destroy());
  raw.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** Of the places for clients, what one address may take at most; the rest is for those within their share. */
const partForOne = 0.8;

export class WireServer {
  readonly #options: WireServerOptions;
  readonly #sockets: WebSocketServer;
  readonly #clients = new Set<ClientConnection>();
  readonly #places: SharedBudget;
  #detach: (() => void) | undefined;
  #sweep: ClockTimer | undefined;
  readonly #rates: FrameRates;
  readonly #unsent: UnsentBytes;
  #ids = 0;

  constructor(options: WireServerOptions) {
    this.#options = options;
    const { clientConnections } = options.limits;
    const total = Math.ceil(clientConnections * partForOne);
    this.#places = new SharedBudget({ total, reserve: clientConnections - total });
    this.#rates = new FrameRates(options.limits, options.clock);
    this.#unsent = new UnsentBytes(options.limits);
    this.#sockets = new WebSocketServer({
      ...socketOptions,
      noServer: true,
      clientTracking: false,
      maxPayload: options.limits.frameBytes,
    });
  }

  /** Handles the upgrades of `server` from here on. */
  attach(server: Server): void {
    const upgrade = (request: IncomingMessage, raw: Duplex, head: Buffer): void => {
      if (asksForWebSocket(request)) this.#upgrade(request, raw, head);
      else asPlainRequest(server, request, raw, head);
    };
    server.on('upgrade', upgrade);
    server.maxHeadersCount ??= 100;
    this.#detach = () => server.off('upgrade', upgrade);
    this.#armSweep();
  }

  /** Closes all client connections and takes no more. Peers are their owner's to close. */
  close(): void {
    this.#detach?.();
    this.#sweep?.cancel();
    this.#rates.close();
    for (const client of this.#clients) client.close('unavailable', 'this node stops');
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  #armSweep(): void {
    this.#sweep = this.#options.clock.setTimer(this.#options.sweepMs ?? 15_000, () => {
      this.#armSweep();
      for (const client of this.#clients) client.sweep();
    });
  }

  #upgrade(request: IncomingMessage, raw: Duplex, head: Buffer): void {
    // Until ws takes over, an error of the raw socket would have no listener and end the process.
    const ignore = (): void => undefined;
    raw.on('error', ignore);
    const path = pathOf(request);
    const address = this.#options.addressOf?.(request) ?? request.socket.remoteAddress ?? '';
    const refusal = this.#refusal(path, request, address);
    if (refusal !== undefined) {
      this.#note('wire.upgrade-refused', { address, status: refusal[0], reason: refusal[1] });
      refuse(raw, refusal);
      return;
    }
    this.#sockets.handleUpgrade(request, raw, head, (socket) => {
      raw.off('error', ignore);
      if (path === '/peer') this.#options.acceptPeer?.(socket, raw, address);
      else this.#greet(request, this.#client(socket, raw, address));
    });
  }

  /** A page learns nothing of an upgrade that is refused, so what it should know is said over the connection. */
  #greet(request: IncomingMessage, client: ClientConnection): void {
    const { policy } = this.#options;
    const refused = policy?.foreignHost(request) ?? policy?.foreignPage(request, true);
    if (refused !== undefined) client.close(refused.code as ClosingCode, refused.message);
  }

  #refusal(path: string | undefined, request: IncomingMessage, address: string): Refusal | undefined {
    const { acceptPeer, limits, connectionsPerAddress, policy } = this.#options;
    const { headers } = request;
    if (policy?.malformed(request) !== undefined || hasBody(headers)) return [400, 'Bad Request'];
    if (path === '/peer') {
      if (acceptPeer === undefined) return [404, 'Not Found'];
      return headers.origin === undefined ? undefined : [403, 'Forbidden'];
    }
    if (this.#clients.size >= limits.clientConnections) return [503, 'Service Unavailable'];
    const fits = this.#places.held(address) < (connectionsPerAddress ?? limits.clientConnections);
    return fits && this.#places.fits(address, 1) ? undefined : [429, 'Too Many Requests'];
  }

  #client(socket: WebSocket, raw: Duplex, address: string): ClientConnection {
    const { authenticate, clientSendBytes, clock, limits, node, openClient } = this.#options;
    if (!this.#places.take(address, 1)) throw new Error(`no place for a client of ${address}`);
    const connection = new ClientConnection((this.#ids += 1), address, socket, raw, {
      node,
      limits,
      clock,
      rates: this.#rates,
      unsent: this.#unsent,
      sendBytes: clientSendBytes ?? 4 * limits.frameBytes,
      authenticate,
      opened: openClient,
      ended: (ended, code, detail) => {
        this.#release(ended);
        if (code !== undefined) this.#note('wire.client-closed', { address, code, detail });
      },
    });
    this.#clients.add(connection);
    return connection;
  }

  #release(connection: ClientConnection): void {
    if (!this.#clients.delete(connection)) return;
    this.#places.give(connection.remoteAddress, 1);
  }

  #note(event: string, fields: Record<string, string | number>): void {
    this.#options.trace.note(
      { node: this.#options.node, shard: 0, id: 'wire-server' },
      'warn',
      event,
      fields,
    );
  }
}
