/** The client's platform in a browser: the WebSocket that is there. */
import type { TransportHandlers, TransportSocket } from '../api.ts';
import { commonPlatform, type Platform } from '../core/platform.ts';
import { crc32 } from '../protocol/index.ts';
import { clientVersion } from '../version.ts';

function open(url: string, _frameBytes: number, handlers: TransportHandlers): TransportSocket {
  let done = false;
  const closed = (code: number, reason: string): void => {
    if (done) return;
    done = true;
    handlers.closed(code, reason);
  };
  let socket: WebSocket;
  try {
    socket = new WebSocket(url);
  } catch (error) {
    // For example an address without TLS on a page with it.
    queueMicrotask(() => closed(1006, String(error)));
    return { send: () => undefined, close: () => void (done = true) };
  }
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('open', () => handlers.opened());
  socket.addEventListener('message', ({ data }) => {
    if (done) return;
    // A text frame is none of this protocol; as no bytes at all it is refused like any other nonsense.
    handlers.message(data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(0));
  });
  // `close` follows and says all that a page may know; some WebSockets throw where nobody listens to this.
  socket.addEventListener('error', () => undefined);
  socket.addEventListener('close', ({ code, reason }) => closed(code, reason));
  return {
    send: (bytes) => socket.send(bytes as Uint8Array<ArrayBuffer>),
    close: (code, reason) => {
      done = true;
      // Browsers take only these codes from a page.
      socket.close(code === 1000 || code >= 3_000 ? code : 1000, reason);
    },
  };
}

export const browserPlatform: Platform = {
  ...commonPlatform,
  name: `callboard-browser/${clientVersion}`,
  crc32,
  open,
  warn: (words, cause) => console.error(words, cause),
};
