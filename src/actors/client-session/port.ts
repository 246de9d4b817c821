/** The client's connection as its session sees it. */
import type { AnyNodeFrame } from '@callboard/client/protocol';

export interface ClientPort {
  /** The client's, for its shares of common budgets. */
  readonly address: string;
  send(frame: AnyNodeFrame): void;
  /** Bytes that were sent and have not left this process. */
  bufferedBytes(): number;
  /** What may be sent and not have left, with regard to others of the client's address. */
  unsentShare(): number;
  /** So many bytes more, or less, were asked for and are to be sent. */
  expect(bytes: number): void;
  /** What a frame caused has cost as much as so many frames more. */
  spend(frames: number): void;
  /** Calls back once, soon after fewer than `bytes` are buffered; a second wish takes the place of the first. */
  whenBelow(bytes: number): void;
  /** The session is over: so is the connection. Nothing happens if it is closed already. */
  end(): void;
}

/** How many sessions a node has: each gets its part of what all may hold. Shared by them all. */
export interface SessionCount {
  sessions: number;
}
