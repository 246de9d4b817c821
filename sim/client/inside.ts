/**
 * The inside of the client library, which its package does not export: found where the package is found, so that the build of a mutant
 * has its own. The types say once more what client/src/core/platform.ts asks of a platform.
 */
import type { Client, ConnectOptions } from '@callboard/client';
import type { Crc32 } from '@callboard/client/protocol';

export interface SocketHandlers {
  opened(): void;
  message(bytes: Uint8Array): void;
  closed(code: number, reason: string): void;
}

export interface ClientSocket {
  send(bytes: Uint8Array): void;
  close(code: number, reason: string): void;
}

export interface Platform {
  readonly name: string;
  readonly crc32: Crc32;
  open(url: string, frameBytes: number, handlers: SocketHandlers): ClientSocket;
  now(): number;
  wallTime(): number;
  setTimer(ms: number, run: () => void): { cancel(): void };
  soon(run: () => void): void;
  random(): number;
  randomBytes(count: number): Uint8Array;
}

interface Inside {
  connectOn(platform: Platform, addresses: readonly string[], options: ConnectOptions): Promise<Client>;
}

const inside = (await import(
  new URL('./client.js', import.meta.resolve('@callboard/client')).href
)) as Inside;

export const connectOn: Inside['connectOn'] = inside.connectOn;
