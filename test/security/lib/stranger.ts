/** A stranger's WebSocket connection, whose frames are prepared bytes: what no client library would send, and nobody reads for it. */
import { connect, type Socket } from 'node:net';
import { clientFrames, nodeFrames, packFrame, protocolVersion } from '@callboard/client/protocol';
import { until } from '../../lib/until.ts';
import type { Call } from '../../lib/raw-client.ts';
import { upgradeHead, wsFrame } from '../../transport/raw-socket.ts';

const pong: Buffer = Buffer.from(packFrame(nodeFrames.encode({ kind: 'pong', correlation: 999 })));

/** The last frame is a WebSocket close (RFC 6455, section 5.5.1); as a server sends it, without a mask. */
function endsWithClose(bytes: Buffer): boolean {
  for (let length = 0; length < 126 && length + 2 <= bytes.length; length += 1) {
    const at = bytes.length - length - 2;
    if (bytes[at] === 0x88 && bytes[at + 1] === length) return true;
  }
  return false;
}

/** A stranger's connection after its hello: whole frames go out as prepared bytes, and what comes is only counted, or not read. */
export class Stranger {
  readonly socket: Socket;
  received = 0;
  ended = false;
  #tail: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.ended = true;
    });
    socket.on('data', (data: Buffer) => {
      this.received += data.byteLength;
      this.#tail = Buffer.concat([this.#tail, data]).subarray(-160);
      // The node has said its last word: it need not wait for ours.
      if (endsWithClose(this.#tail)) socket.destroy();
    });
  }

  static async connect(port: number, localAddress: string): Promise<Stranger> {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    const one = new Stranger(socket);
    socket.write(upgradeHead('/client'));
    const hello = {
      kind: 'hello',
      correlation: 1,
      version: protocolVersion,
      client: 'stranger',
    } as const;
    socket.write(wsFrame(packFrame(clientFrames.encode(hello))));
    await until('the hello is answered', () => one.received > 150 || one.ended);
    return one;
  }

  /** Many frames at once; resolves when the system has taken them, or never while the node does not read. */
  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      // In a turn of its own, or who floods would never hear that the connection has ended.
      this.socket.write(bytes, () => setImmediate(resolve));
    });
  }

  /** Resolves when the connection has ended, or the pong of correlation 999 is the last that came. */
  async settled(): Promise<void> {
    await until('the node answers or ends the connection', () => this.ended || this.#tail.includes(pong));
  }

  /** Reads nothing from here on. */
  deaf(): void {
    this.socket.pause();
  }

  destroy(): void {
    this.socket.destroy();
  }
}

export function framesOf(calls: readonly Call[]): Buffer {
  return Buffer.concat(
    calls.map((call, at) => wsFrame(packFrame(clientFrames.encode({ ...call, correlation: at + 2 })))),
  );
}
