/** Joins a client's connection with its session actor. */
import { ClientSession } from '../actors/client-session/client-session.ts';
import { clientActorId, type ClientSessionMessage } from '../actors/client-session/messages.ts';
import type { ClientPort, SessionCount } from '../actors/client-session/port.ts';
import type { ActorSystem, Ref } from '../kernel/index.ts';
import type { ClientConnection, ClientHandlers } from '../transport/client-connection.ts';
import type { Limits } from '@callboard/client/protocol';

export function openClientSession(
  system: ActorSystem,
  connection: ClientConnection,
  limits: Limits,
  count: SessionCount,
): ClientHandlers {
  const port: ClientPort = {
    send: (frame) => void connection.send(frame),
    bufferedBytes: () => connection.bufferedBytes,
    whenBelow: (bytes) =>
      connection.whenBelow(bytes, () => void system.send(session, { kind: 'client-drained' }, 'control')),
  };
  const session: Ref<ClientSessionMessage> = system.spawn<ClientSessionMessage>(
    clientActorId(connection.id),
    () => new ClientSession({ port, limits, count }),
    {
      restart: 'never',
      dataCapacity: 4 * limits.clientInflightBatches,
    },
  );
  return {
    frame: (frame) => {
      const sent = system.send(session, { kind: 'client-frame', frame }, 'data');
      if (sent === 'full') connection.close('overloaded', 'more calls are in flight than the hello allowed');
      else if (sent === 'gone') connection.close('unavailable', 'the session has ended');
    },
    closed: () => system.stop(session),
  };
}
