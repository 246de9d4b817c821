/** A client's session on a simulated kernel: the test plays its client, its gateway, the partitions and the links. */
import {
  defaultLimits,
  offset,
  type AnyClientFrame,
  type AnyNodeFrame,
  type Limits,
} from '@callboard/client/protocol';
import { ClientSession } from '../../../src/actors/client-session/client-session.ts';
import type { ClientSessionMessage } from '../../../src/actors/client-session/messages.ts';
import { RelayRoom } from '../../../src/actors/client-session/relay-room.ts';
import { gatewayActorId, type CallValue, type GatewayCall } from '../../../src/actors/gateway/messages.ts';
import { partitionActorId, type PartitionRequest } from '../../../src/actors/partition-replica/messages.ts';
import type { PushRequest } from '../../../src/actors/partition-replica/push-messages.ts';
import { SharedBudget, refTo, type Ref } from '../../../src/kernel/index.ts';
import { newKit, type Kit } from '../../kernel/kit.ts';

export type Frame = Exclude<AnyClientFrame, { kind: 'hello' }>;
type Asked = PartitionRequest | PushRequest;

export const group = 4;
export const adminToken = 'right';

export class SessionRig {
  readonly kit: Kit;
  readonly frames: AnyNodeFrame[] = [];
  readonly calls: GatewayCall[] = [];
  /** What the partition on this node was asked. */
  readonly asked: Asked[] = [];
  buffered = 0;
  below: number | undefined;
  ended = false;
  mayTry = true;
  /** Correlations of wrong tokens whose answers wait. */
  readonly wrongTokens: number[] = [];
  readonly #session: Ref<ClientSessionMessage>;

  constructor(limits: Partial<Limits> = {}) {
    this.kit = newKit({ freezeMessages: false });
    const { system } = this.kit;
    this.#spawnGateway();
    system.spawn<Asked>(partitionActorId(group), () => ({ receive: (asked) => void this.asked.push(asked) }));
    const all = { ...defaultLimits, ...limits };
    const port = {
      send: (frame: AnyNodeFrame) => void this.frames.push(frame),
      bufferedBytes: () => this.buffered,
      address: '10.0.0.1',
      unsentShare: () => Infinity,
      expect: () => undefined,
      spend: () => undefined,
      whenBelow: (bytes: number) => {
        this.below = this.buffered < bytes ? undefined : bytes;
      },
      end: () => {
        this.ended = true;
      },
    };
    const isAdmin = (token: string): boolean => token === adminToken;
    const places = new SharedBudget({ total: all.nodeSubscriptions });
    const shared = { count: { sessions: 0 }, relays: new RelayRoom(all.relayPulls), places, isAdmin };
    this.#session = system.spawn<ClientSessionMessage>(
      'client/1',
      () =>
        new ClientSession({
          port,
          limits: all,
          ...shared,
          mayTry: () => this.mayTry,
          wrong: (correlation) => this.wrongTokens.push(correlation),
        }),
      { restart: 'never' },
    );
    this.kit.settle();
  }

  /** The answers to wrong tokens have waited long enough. */
  waited(): void {
    for (const correlation of this.wrongTokens.splice(0)) {
      this.kit.system.send(this.#session, { kind: 'token-refused', correlation }, 'control');
    }
    this.kit.settle();
  }

  /** The gateway ends with all that it was asked; another takes its place. */
  failGateway(): void {
    this.kit.system.stop(refTo(this.#session.node, gatewayActorId));
    this.kit.settle();
    this.calls.length = 0;
    this.#spawnGateway();
  }

  #spawnGateway(): void {
    const receive = (call: GatewayCall): void => void this.calls.push(call);
    this.kit.system.spawn<GatewayCall>(gatewayActorId, () => ({ receive }));
  }

  client(frame: Frame): void {
    this.tell({ kind: 'client-frame', frame });
  }

  tell(message: ClientSessionMessage): void {
    this.kit.system.send(this.#session, message);
    this.kit.settle();
  }

  /** The oldest call to the gateway is answered. */
  gateway(value: CallValue): void {
    const call = this.calls.shift();
    if (call === undefined) throw new Error('the gateway was not called');
    this.tell({ kind: 'call-answer', id: call.id, value, error: undefined });
  }

  route(node = 'n1'): void {
    this.gateway({ op: 'route', group: group as never, node });
  }

  /** The oldest request to the local partition. */
  take<K extends Asked['kind']>(kind: K): Extract<Asked, { readonly kind: K }> {
    const asked = this.asked.shift();
    if (asked?.kind !== kind) throw new Error(`expected ${kind}, the partition was asked ${asked?.kind}`);
    return asked as Extract<Asked, { readonly kind: K }>;
  }

  /** Subscribes as a durable consumer; the subscription's number towards the partition. */
  subscribe(correlation: number, more: { end?: number; credit?: number; bytes?: number } = {}): number {
    const { end = 0, credit = 1_000, bytes = 1 << 20 } = more;
    this.client(subscribeFrame(correlation, credit, bytes));
    this.route();
    const { id } = this.take('push-open');
    this.tell({ kind: 'push-opened', id, offset: offset(0), end: offset(end) });
    return id;
  }

  stop(): void {
    this.kit.system.stop(this.#session);
    this.kit.settle();
  }

  /** The frames that were sent since the last look, shortly. */
  sent(): string[] {
    return this.frames.splice(0).map((frame) => {
      const what = frame.kind === 'error' ? ` ${frame.code} ${frame.outcome}` : '';
      const where = frame.kind === 'acked' ? ` ${frame.cursor}` : '';
      return `${frame.correlation} ${frame.kind}${what}${where}`;
    });
  }
}

export function subscribeFrame(correlation: number, creditRecords: number, creditBytes: number): Frame {
  return {
    kind: 'subscribe',
    correlation,
    topic: 't',
    partition: 0,
    owner: { consumer: 'c', session: 1 },
    start: { at: 'earliest', value: 0 },
    reset: false,
    creditRecords,
    creditBytes,
  };
}
