/** The client's inside, for tests that bring a platform of their own; found where the package is found. */
import type { Client, ConnectOptions } from '@callboard/client';

/** What tests replace of a platform; the rest they pass on as it is. */
export interface Platform {
  now(): number;
  wallTime(): number;
  setTimer(ms: number, run: () => void): { cancel(): void };
}

/** A compiled file of the client, by its path below `dist`. */
export function clientFile(path: string): string {
  return new URL(path, import.meta.resolve('@callboard/client')).href;
}

interface Inside {
  connectOn(
    platform: Platform,
    addresses: string | readonly string[],
    options?: ConnectOptions,
  ): Promise<Client>;
}

const inside = (await import(clientFile('./client.js'))) as Inside;
const node = (await import(clientFile('./node/platform.js'))) as { readonly nodePlatform: Platform };

export const connectOn: Inside['connectOn'] = inside.connectOn;
export const nodePlatform: Platform = node.nodePlatform;
