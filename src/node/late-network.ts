/** The Network port before the links exist: a node's actor system is made before its store is open and its peers are known. */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Envelope, Network, SendResult } from '../kernel/index.ts';
import type { PeerLinks } from '../transport/peer-links.ts';

export class LateNetwork implements Network {
  #links: PeerLinks | undefined;

  use(links: PeerLinks): void {
    this.#links = links;
  }

  get links(): PeerLinks | undefined {
    return this.#links;
  }

  send(envelope: Envelope): SendResult {
    return this.#links?.send(envelope) ?? 'gone';
  }

  flush(): void {
    this.#links?.flush();
  }

  accept(socket: WebSocket, raw: Duplex, address: string): void {
    if (this.#links === undefined) socket.terminate();
    else this.#links.accept(socket, raw, address);
  }
}
