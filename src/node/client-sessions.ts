/** Joins a client's connection with its session actor. */
import { ClientSession } from '../actors/client-session/client-session.ts';
import { clientActorId, type ClientSessionMessage } from '../actors/client-session/messages.ts';
import type { ActorSystem } from '../kernel/index.ts';
import type { ClientConnection, ClientHandlers } from '../transport/client-connection.ts';
import type { Limits } from '@callboard/client/protocol';

export function openClientSession(
  system: ActorSystem,
  connection: ClientConnection,
  limits: Limits,
): ClientHandlers {
  const port = { send: (frame: Parameters<ClientConnection['send']>[0]) => void connection.send(frame) };
  const session = system.spawn<ClientSessionMessage>(
    clientActorId(connection.id),
    () => new ClientSession(port, limits),
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
