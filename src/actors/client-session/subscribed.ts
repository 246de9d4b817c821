/** One subscription as the session of its client sees it. */
import type { Offset, Subscribe } from '@callboard/client/protocol';
import type { Route } from './routes.ts';

export interface PendingAck {
  readonly correlation: number;
  readonly upTo: Offset;
}

export interface Subscribed {
  /** Towards the partition. */
  readonly id: number;
  /** Of the client's `subscribe`: its name for the subscription. */
  readonly correlation: number;
  readonly frame: Subscribe;
  readonly route: Route;
  readonly sinceMs: number;
  state: 'opening' | 'open' | 'closing';
  creditRecords: number;
  creditBytes: number;
  /** The offset after what was handed to the connection. */
  next: Offset;
  /** The end of the partition as it is known here. */
  end: Offset;
  /** Bytes of the pull that is open; 0: none. */
  pulling: number;
  /** Of that, for the connection's room: a single record may take more than was asked for. */
  expected: number;
  /** Waits for its turn to draw. */
  queued: boolean;
  acks: PendingAck[];
  /** The ack that was sent and not answered. */
  acking: Offset | undefined;
  /** Of the client's `unsubscribe`. */
  unsubscribe: number | undefined;
}

export function newSubscribed(
  id: number,
  frame: Subscribe,
  { route, nowMs }: { readonly route: Route; readonly nowMs: number },
): Subscribed {
  const { correlation, creditRecords, creditBytes } = frame;
  return {
    id,
    correlation,
    frame,
    route,
    sinceMs: nowMs,
    state: 'opening',
    creditRecords,
    creditBytes,
    next: 0 as Offset,
    end: 0 as Offset,
    pulling: 0,
    expected: 0,
    queued: false,
    acks: [],
    acking: undefined,
    unsubscribe: undefined,
  };
}

/** Whether there is something to draw, and leave to draw it. */
export function wants({ state, pulling, creditRecords, creditBytes, next, end }: Subscribed): boolean {
  return state === 'open' && pulling === 0 && creditRecords > 0 && creditBytes > 0 && next < end;
}
