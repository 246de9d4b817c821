/** Is the other side still there? For clients in browsers, which cannot send WebSocket pings. */
import { message, type MessageCodec } from '../shape.ts';
import { correlation } from './common.ts';

export interface Ping {
  readonly kind: 'ping';
  readonly correlation: number;
}

export const ping: MessageCodec<Ping> = message<Ping>('ping', 43, { correlation });

export interface Pong {
  readonly kind: 'pong';
  readonly correlation: number;
}

export const pong: MessageCodec<Pong> = message<Pong>('pong', 44, { correlation });
