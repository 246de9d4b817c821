/** Joins a client's connection with its session actor. */
import { ClientSession } from '../actors/client-session/client-session.ts';
import { clientActorId, type ClientSessionMessage } from '../actors/client-session/messages.ts';
import type { ClientPort, SessionCount } from '../actors/client-session/port.ts';
import { RelayRoom } from '../actors/client-session/relay-room.ts';
import { SharedBudget, type ActorSystem, type Ref } from '../kernel/index.ts';
import type { ClientConnection, ClientHandlers } from '../transport/client-connection.ts';
import type { Limits } from '@callboard/client/protocol';

/** One for all sessions of a node. */
export interface SharedBySessions {
  readonly count: SessionCount;
  readonly relays: RelayRoom;
  readonly places: SharedBudget;
  /** Whether this is the admin token; without one nobody is an operator. */
  readonly isAdmin: (token: string) => boolean;
  readonly guesses: Guesses;
}

/** Makes guessing of tokens slow, by client address. */
export interface Guesses {
  mayTry(address: string): boolean;
  wait(address: string, answer: () => void): void;
}

const unhindered: Guesses = { mayTry: () => true, wait: (_address, answer) => answer() };

export function sharedBySessions(
  limits: Limits,
  isAdmin: (token: string) => boolean,
  guesses: Guesses = unhindered,
): SharedBySessions {
  const places = SharedBudget.of(limits.nodeSubscriptions);
  return { count: { sessions: 0 }, relays: new RelayRoom(limits.relayPulls), places, isAdmin, guesses };
}

/** What a session needs of its connection. */
export type SessionConnection = Pick<
  ClientConnection,
  | 'id'
  | 'remoteAddress'
  | 'send'
  | 'bufferedBytes'
  | 'unsentShare'
  | 'expect'
  | 'spend'
  | 'whenBelow'
  | 'close'
>;

export function openClientSession(
  system: ActorSystem,
  connection: SessionConnection,
  limits: Limits,
  shared: SharedBySessions,
): ClientHandlers {
  const port: ClientPort = {
    address: connection.remoteAddress,
    send: (frame) => void connection.send(frame),
    bufferedBytes: () => connection.bufferedBytes,
    unsentShare: () => connection.unsentShare,
    expect: (bytes) => connection.expect(bytes),
    spend: (frames) => connection.spend(frames),
    end: () => connection.close('unavailable', 'the session has ended'),
    whenBelow: (bytes) =>
      connection.whenBelow(bytes, () => void system.send(session, { kind: 'client-drained' }, 'control')),
  };
  const session: Ref<ClientSessionMessage> = system.spawn<ClientSessionMessage>(
    clientActorId(connection.id),
    () =>
      new ClientSession({
        port,
        limits,
        ...shared,
        mayTry: () => shared.guesses.mayTry(port.address),
        wrong: (correlation) =>
          shared.guesses.wait(
            port.address,
            () => void system.send(session, { kind: 'token-refused', correlation }, 'control'),
          ),
      }),
    {
      restart: 'never',
      dataCapacity: limits.clientFramesWaiting,
    },
  );
  return {
    frame: (frame) => {
      const sent = system.send(session, { kind: 'client-frame', frame }, 'data');
      if (sent === 'full') {
        connection.close('overloaded', 'more frames were sent ahead than are taken; await answers');
      } else if (sent === 'gone') connection.close('unavailable', 'the session has ended');
    },
    closed: () => system.stop(session),
  };
}
