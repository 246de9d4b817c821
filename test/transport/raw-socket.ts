/** A WebSocket client made of bytes, for what no library would send. */
import { connect, type Socket } from 'node:net';

/** One frame with a zero mask. `first` is its first byte: 0x82 is a whole binary message. */
export function wsFrame(payload: Uint8Array, first = 0x82): Uint8Array {
  const { length } = payload;
  const head =
    length < 126
      ? [first, 0x80 | length]
      : length < 65_536
        ? [first, 0xfe, length >> 8, length & 0xff]
        : [
            first,
            0xff,
            0,
            0,
            0,
            0,
            length >>> 24,
            (length >> 16) & 0xff,
            (length >> 8) & 0xff,
            length & 0xff,
          ];
  return Buffer.concat([Uint8Array.from(head), new Uint8Array(4), payload]);
}

/** The head of an upgrade, with further header lines. */
export function upgradeHead(path: string, ...lines: string[]): string {
  const head = [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ...lines,
  ];
  return `${head.join('\r\n')}\r\n\r\n`;
}

export interface RawEnd {
  /** The HTTP status of the answer; 0 if there was none. */
  readonly status: number;
  /** The WebSocket close code; 0 if the connection ended without one. */
  readonly code: number;
}

/** The close code in what a server sent: the last close frame with a code, unmasked as servers send it. */
function closeCodeIn(bytes: Buffer): number {
  const start = bytes.indexOf('\r\n\r\n') + 4;
  let at = start;
  while (at + 2 <= bytes.length) {
    const short = bytes.readUInt8(at + 1) & 0x7f;
    const [length, head] =
      short < 126
        ? [short, 2]
        : short === 126
          ? [bytes.readUInt16BE(at + 2), 4]
          : [Number(bytes.readBigUInt64BE(at + 2)), 10];
    if ((bytes.readUInt8(at) & 0x0f) === 8 && length >= 2) return bytes.readUInt16BE(at + head);
    at += head + length;
  }
  return 0;
}

/** Sends `parts` one after the other on a fresh connection and waits for its end. */
export function sendRaw(port: number, parts: readonly (Uint8Array | string)[]): Promise<RawEnd> {
  return new Promise((resolve) => {
    const socket: Socket = connect(port, '127.0.0.1');
    const got: Buffer[] = [];
    socket.on('data', (chunk) => {
      got.push(chunk);
      // Going along with the close: without it the server waits for its grace to pass.
      if (closeCodeIn(Buffer.concat(got)) !== 0) socket.end();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      const bytes = Buffer.concat(got);
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(bytes.toString('latin1'))?.[1] ?? 0);
      resolve({ status, code: status === 101 ? closeCodeIn(bytes) : 0 });
    });
    socket.on('connect', () => {
      for (const part of parts) socket.write(part);
    });
  });
}
