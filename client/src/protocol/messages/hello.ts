/**
 * First on a client connection, within the handshake deadline and the limit for strangers; nothing else may be sent
 * before the reply. Positions 0 to 2 (type, correlation, version) stay the same in every protocol version.
 */
import { message, optional, str, uint, type MessageCodec } from '../shape.ts';
import { correlation, nodeName } from './common.ts';

export interface ClientHello {
  readonly kind: 'hello';
  readonly correlation: number;
  readonly version: number;
  /** Name and version of the client library, for the node's log. */
  readonly client: string;
  readonly token?: string;
}

/** For reading the version of a hello before anything else. */
export const clientHelloType = 32;

export const clientHello: MessageCodec<ClientHello> = message<ClientHello>('hello', clientHelloType, {
  correlation,
  version: uint,
  client: str(128),
  token: optional(str(2_048)),
});

/** The node's limits that a client has to keep to. */
export interface ClientHelloReply {
  readonly kind: 'hello-reply';
  readonly correlation: number;
  readonly version: number;
  readonly node: string;
  readonly frameBytes: number;
  readonly recordBytes: number;
  /** Batches of one producer that may wait for an answer on one partition. */
  readonly inflightBatches: number;
}

export const clientHelloReply: MessageCodec<ClientHelloReply> = message<ClientHelloReply>('hello-reply', 33, {
  correlation,
  version: uint,
  node: nodeName,
  frameBytes: uint,
  recordBytes: uint,
  inflightBatches: uint,
});
