/** The client's platform in Node: sockets of `ws`, the checksum of zlib where this Node has it. */
import type { Socket } from 'node:net';
import { channel } from 'node:diagnostics_channel';
import * as zlib from 'node:zlib';
import { WebSocket } from 'ws';
import { reasonOf } from '../checks/options.ts';
import type { TransportHandlers, TransportSocket } from '../api.ts';
import { commonPlatform, type Platform } from '../core/platform.ts';
import { crc32 as crc32ByTable } from '../protocol/index.ts';
import { clientVersion } from '../version.ts';
import { maskedFrame } from './masked-frame.ts';

const closeGraceMs = 500;
/** Below this `ws` is as quick. */
const maskedHereBytes = 1_024;

function open(url: string, frameBytes: number, handlers: TransportHandlers): TransportSocket {
  const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: frameBytes });
  let done = false;
  let corked = false;
  let raw: Socket | undefined;
  let problem = '';
  socket.binaryType = 'nodebuffer';
  socket.on('upgrade', (response) => {
    raw = response.socket;
    raw.setNoDelay(true);
  });
  socket.on('open', () => handlers.opened());
  socket.on('message', (data, binary) => {
    if (done) return;
    const bytes = data as Buffer;
    // A text frame is none of this protocol; as no bytes at all it is refused like any other nonsense.
    handlers.message(
      binary ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(0),
    );
  });
  socket.on('error', (error) => {
    problem = error.message;
  });
  socket.on('close', (code, reason) => {
    if (done) return;
    done = true;
    handlers.closed(code, reason.byteLength === 0 ? problem : reason.toString());
  });
  return {
    send: (bytes) => {
      if (socket.readyState !== WebSocket.OPEN) return;
      // What is sent within one turn leaves in one system call.
      const stream = raw;
      if (!corked && stream !== undefined) {
        corked = true;
        stream.cork();
        queueMicrotask(() => {
          corked = false;
          stream.uncork();
        });
      }
      if (stream === undefined || bytes.byteLength < maskedHereBytes) socket.send(bytes);
      // `ws` writes whole frames and each at once, so one of ours is never in the midst of one of its own.
      else stream.write(maskedFrame(bytes));
    },
    close: (code, reason) => {
      done = true;
      if (socket.readyState === WebSocket.CONNECTING) socket.terminate();
      else socket.close(code, reason);
      setTimeout(() => socket.terminate(), closeGraceMs).unref();
    },
  };
}

export const nodePlatform: Platform = {
  ...commonPlatform,
  name: `callboard-node/${clientVersion}`,
  channel: (name) => channel(name),
  crc32: zlib.crc32 ?? crc32ByTable,
  open,
  warn: (words, cause) => {
    const detail = cause instanceof Error ? (cause.stack ?? cause.message) : reasonOf(cause);
    process.emitWarning(words, { type: 'CallboardWarning', detail });
  },
};
