/** A transport that a program brings along, held to the contract that the client rests on, whatever it does. */
import type { Transport, TransportHandlers, TransportSocket } from '../api.ts';
import { bytesIn } from '../checks/bytes.ts';
import { reasonOf } from '../checks/options.ts';

/** What a socket that is lost is closed with. */
const lost = 1006;
const nothing = new Uint8Array(0);

/** Handlers are called asynchronously and in order, `closed` once and as the last; nothing is thrown. */
export class GuardedTransport implements Transport {
  readonly #transport: Transport;
  readonly #soon: (run: () => void) => void;

  constructor(transport: Transport, soon: (run: () => void) => void) {
    this.#transport = transport;
    this.#soon = soon;
  }

  open(url: string, frameBytes: number, handlers: TransportHandlers): TransportSocket {
    const socket = new GuardedSocket(handlers, this.#soon);
    socket.run((guarded) => this.#transport.open(url, frameBytes, guarded));
    return socket;
  }
}

class GuardedSocket implements TransportSocket {
  readonly #handlers: TransportHandlers;
  readonly #soon: (run: () => void) => void;
  #socket: TransportSocket | undefined;
  #done = false;
  /** Within a call of the transport: what it calls back has to wait until that has returned. */
  #inside = false;

  constructor(handlers: TransportHandlers, soon: (run: () => void) => void) {
    this.#handlers = handlers;
    this.#soon = soon;
  }

  run(open: (handlers: TransportHandlers) => TransportSocket): void {
    this.#call(() => {
      this.#socket = open({
        opened: () => this.#tell(() => this.#handlers.opened()),
        // What is no byte string is none of this protocol; as no bytes at all it is refused like any other nonsense.
        message: (bytes) => this.#tell(() => this.#handlers.message(asBytes(bytes))),
        closed: (code, reason) => this.#closed(code, reason),
      });
    });
  }

  send(bytes: Uint8Array): void {
    this.#call(() => this.#socket?.send(bytes));
  }

  close(code: number, reason: string): void {
    this.#done = true;
    this.#call(() => this.#socket?.close(code, reason));
  }

  #call(run: () => void): void {
    this.#inside = true;
    try {
      run();
    } catch (error) {
      this.#closed(lost, `the transport failed: ${reasonOf(error)}`);
    } finally {
      this.#inside = false;
    }
  }

  #closed(code: number, reason: string): void {
    this.#tell(() => {
      this.#done = true;
      this.#handlers.closed(Number.isInteger(code) ? code : lost, typeof reason === 'string' ? reason : '');
    });
  }

  #tell(run: () => void): void {
    const unlessDone = (): void => {
      if (!this.#done) run();
    };
    if (this.#inside) this.#soon(unlessDone);
    else unlessDone();
  }
}

function asBytes(value: unknown): Uint8Array {
  try {
    return bytesIn(value, 'a message') ?? nothing;
  } catch {
    // Memory that is gone.
    return nothing;
  }
}
