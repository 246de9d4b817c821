/** The client's connection as its session sees it. */
import type { AnyNodeFrame } from '@callboard/client/protocol';

export interface ClientPort {
  send(frame: AnyNodeFrame): void;
  /** Bytes that were sent and have not left this process. */
  bufferedBytes(): number;
  /** Calls back once, soon after fewer than `bytes` are buffered; a second wish takes the place of the first. */
  whenBelow(bytes: number): void;
  /** The session is over: so is the connection. Nothing happens if it is closed already. */
  end(): void;
}

/** How many sessions a node has: each gets its part of what all may hold. Shared by them all. */
export interface SessionCount {
  sessions: number;
}
