/** Doors on 127.0.0.1 with something of the test's own behind them. */
import type { AddressInfo } from 'node:net';
import { defaultLimits } from '@callboard/client/protocol';
import type { Limits } from '@callboard/client/protocol';
import { gatewayActorId } from '../../../src/actors/gateway/messages.ts';
import type {
  CallAnswer,
  CallHeard,
  GatewayCall,
  GatewayMessage,
} from '../../../src/actors/gateway/messages.ts';
import { WrongTokens, createHttpDoor } from '../../../src/doors/http/index.ts';
import type { HttpDoor, HttpDoorOptions } from '../../../src/doors/http/index.ts';
import { ActorSystem } from '../../../src/kernel/index.ts';
import type { Actor } from '../../../src/kernel/index.ts';
import { RealClock } from '../../../src/node/ports/real-clock.ts';
import { RealRandom } from '../../../src/node/ports/real-random.ts';
import { RequestPolicy } from '../../../src/transport/request-policy.ts';

const openPolicy = new RequestPolicy({
  hosts: [],
  allowedOrigins: [],
  clock: new RealClock(),
  refused: () => undefined,
});

export const adminToken = 'the right token';

export type Answering = (message: GatewayCall, answer: (answer: Partial<CallAnswer>) => void) => void;

/** A gateway that answers as the test says; it may also be left without an answer. `heard`: what doors say of their consumes. */
export function gatewayActor(
  answering: Answering,
  heard: (message: CallHeard) => void = () => undefined,
): Actor<GatewayMessage> {
  return {
    receive: (message, context) => {
      if (message.kind === 'call-heard') heard(message);
      if (message.kind !== 'call') return;
      answering(message, (answer) => {
        const full = {
          kind: 'call-answer',
          id: message.id,
          value: undefined,
          error: undefined,
          ...answer,
        } as const;
        context.send(message.replyTo, full, 'control');
      });
    },
  };
}

export interface TestDoor {
  readonly base: string;
  readonly port: number;
  readonly system: ActorSystem;
  readonly door: HttpDoor;
  /** Events noted at level warn or error. */
  readonly notes: string[];
  close(): Promise<void>;
}

export interface TestDoorOptions {
  readonly limits?: Partial<Limits>;
  readonly door?: Partial<HttpDoorOptions>;
  /** Undefined: there is no gateway at all. */
  readonly answering: Answering | undefined;
  readonly heard?: (message: CallHeard) => void;
}

export async function openDoor(options: TestDoorOptions): Promise<TestDoor> {
  const limits = { ...defaultLimits, ...options.limits };
  const notes: string[] = [];
  const trace: HttpDoorOptions['trace'] = {
    note: (_, level, event) => {
      if (level === 'warn' || level === 'error') notes.push(event);
    },
  };
  const system = new ActorSystem({
    node: 'n1',
    ports: {
      clock: new RealClock(),
      random: new RealRandom(),
      network: { send: () => 'gone', flush: () => undefined },
      trace,
    },
    freezeMessages: true,
    onEscalate: (error) => {
      throw error;
    },
  });
  const { answering, heard } = options;
  if (answering !== undefined) {
    system.spawn(gatewayActorId, () => gatewayActor(answering, heard), {
      dataCapacity: limits.gatewayPendingCalls,
    });
  }
  const clock = new RealClock();
  const door = createHttpDoor({
    system,
    node: 'n1',
    limits,
    adminToken,
    status: () => JSON.stringify({ node: 'n1' }),
    topics: () => JSON.stringify({ status: 'success', topics: [], omitted: 0, next: null }),
    ready: () => ({ ready: true, reasons: [] }),
    healthy: () => true,
    policy: openPolicy,
    wrongTokens: new WrongTokens(clock),
    addressOf: ({ socket }) => socket.remoteAddress ?? '',
    ownerOf: (socket) => socket.remoteAddress ?? '',
    isKnown: () => false,
    trace,
    clock,
    ...options.door,
  });
  await new Promise<void>((resolve) => door.server.listen(0, '127.0.0.1', resolve));
  const { port } = door.server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    door.server.closeAllConnections();
    await door.close();
    clock.close();
    system.stopAll();
  };
  return { base: `http://127.0.0.1:${port}`, port, system, door, notes, close };
}
