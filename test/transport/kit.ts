/** Nodes on loopback for tests: an HTTP server, client connections and peer links, with everything that came in kept. */
import { createServer, type Server, type ServerOptions } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { RealClock } from '../../src/node/ports/real-clock.ts';
import { RealRandom } from '../../src/node/ports/real-random.ts';
import { PeerLinks, type PeerLinksOptions } from '../../src/transport/peer-links.ts';
import { hardenedServerOptions, WireServer, type WireServerOptions } from '../../src/transport/server.ts';
import type { ClientCall, ClientConnection } from '../../src/transport/client-connection.ts';
import type { Address, Clock, Envelope, Random, Trace, TraceFields } from '../../src/kernel/index.ts';
import {
  bin,
  defaultLimits,
  message,
  offset,
  str,
  uint,
  union,
  type Limits,
  type UnionCodec,
} from '@callboard/client/protocol';

const clock: Clock = new RealClock();
const random: Random = new RealRandom();

/** Beats of 30 ms, so that silence is found within 200 ms. */
export const quickLimits: Limits = { ...defaultLimits, tickMs: 10 };

export interface Note {
  readonly level: string;
  readonly event: string;
  readonly fields: TraceFields | undefined;
}

export class NoteTrace implements Trace {
  readonly notes: Note[] = [];

  note(
    _actor: Address,
    level: 'debug' | 'info' | 'warn' | 'error',
    event: string,
    fields?: TraceFields,
  ): void {
    this.notes.push({ level, event, fields });
  }

  events(event: string): readonly Note[] {
    return this.notes.filter((note) => note.event === event);
  }
}

/** What test actors say to each other. */
export interface Parcel {
  readonly kind: 'parcel';
  readonly number: number;
  readonly text: string;
  readonly bytes: Uint8Array;
}

const parcelCodec: UnionCodec<Parcel> = union<Parcel>({
  parcel: message<Parcel>('parcel', 1, {
    number: uint,
    text: str(1_000),
    bytes: bin(16 << 20, { copy: true }),
  }),
});

export function parcel(number: number, bytes = 0): Parcel {
  return {
    kind: 'parcel',
    number,
    text: `parcel ${number}`,
    bytes: new Uint8Array(bytes).fill(number & 0xff),
  };
}

export interface NodeOptions {
  readonly limits?: Limits;
  readonly links?: Partial<PeerLinksOptions>;
  readonly server?: Partial<WireServerOptions>;
  readonly port?: number;
  readonly http?: ServerOptions;
}

export class TestNode {
  readonly name: string;
  readonly http: Server;
  readonly links: PeerLinks;
  readonly wire: WireServer;
  readonly trace: NoteTrace = new NoteTrace();
  readonly received: Envelope[] = [];
  /** `up b`, `down b`, … in order. */
  readonly news: string[] = [];
  readonly clients: ClientConnection[] = [];
  readonly calls: ClientCall[] = [];
  readonly ended: string[] = [];
  readonly #sockets = new Set<Socket>();
  port = 0;

  private constructor(name: string, peers: ReadonlyMap<string, string>, options: NodeOptions) {
    this.name = name;
    const { trace } = this;
    const limits = options.limits ?? quickLimits;
    this.http = createServer({ ...hardenedServerOptions, ...options.http }, (_request, response) =>
      response.end('here'),
    );
    this.http.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.links = new PeerLinks({
      name,
      peers,
      secret: 'a secret of the cluster',
      incarnation: 1,
      limits,
      clock,
      random,
      trace,
      patienceMs: 50,
      codec: {
        encode: (_id, value) => parcelCodec.encode(value as Parcel),
        decode: (_id, wire) => parcelCodec.decode(wire),
      },
      deliver: (got) => this.received.push(got),
      onLink: (node, state) => this.news.push(`${state} ${node}`),
      ...options.links,
    });
    this.wire = new WireServer({
      node: name,
      limits,
      clock,
      trace,
      acceptPeer: (socket, raw, address) => this.links.accept(socket, raw, address),
      authenticate: () => true,
      openClient: (connection) => this.#openClient(connection),
      ...options.server,
    });
    this.wire.attach(this.http);
  }

  static async open(
    name: string,
    peers: ReadonlyMap<string, string> = new Map(),
    options: NodeOptions = {},
  ): Promise<TestNode> {
    const node = new TestNode(name, peers, options);
    await new Promise<void>((resolve, reject) => {
      node.http.once('error', reject);
      node.http.listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    node.port = (node.http.address() as AddressInfo).port;
    node.links.start();
    return node;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get clientUrl(): string {
    return `ws://${this.address}/client`;
  }

  /** Every TCP connection that this node has taken in and not yet lost. */
  get sockets(): ReadonlySet<Socket> {
    return this.#sockets;
  }

  /** As a process that is killed: every connection goes at once, nobody is told anything by frames. */
  async kill(): Promise<void> {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await this.close();
  }

  async close(): Promise<void> {
    this.links.close();
    this.wire.close();
    this.http.closeAllConnections();
    await new Promise((resolve) => {
      this.http.close(resolve);
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  numbers(): number[] {
    return this.received.map((got) => (got.message as Parcel).number);
  }

  #openClient(connection: ClientConnection): {
    frame(frame: ClientCall): void;
    closed(detail: string): void;
  } {
    this.clients.push(connection);
    return {
      frame: (frame) => {
        this.calls.push(frame);
        const { correlation } = frame;
        if (frame.kind === 'ping') connection.send({ kind: 'pong', correlation });
        if (frame.kind === 'produce') {
          connection.send({ kind: 'produced', correlation, baseOffset: offset(frame.chunk.byteLength) });
        }
        if (frame.kind === 'fetch') {
          connection.send({
            kind: 'fetched',
            correlation,
            end: offset(1),
            chunks: [new Uint8Array(frame.maxBytes)],
          });
        }
      },
      closed: (detail) => this.ended.push(detail),
    };
  }
}

/** Two nodes that know each other. The second one's address must be known to the first before it opens: a port is kept for it. */
export async function openPair(
  first: NodeOptions = {},
  second: NodeOptions = {},
): Promise<[TestNode, TestNode]> {
  const b = await TestNode.open('b', new Map(), second);
  const a = await TestNode.open('a', new Map([['b', b.address]]), first);
  b.links.addPeer('a', a.address);
  return [a, b];
}

export function envelope(
  from: TestNode,
  to: string,
  value: Parcel,
  lane: 'control' | 'data' = 'control',
): Envelope {
  return {
    from: { node: from.name, shard: 0, id: 'sender' },
    to: { node: to, shard: 0, id: 'receiver' },
    lane,
    message: value,
  };
}
