/**
 * The frames between nodes. The hello exchange is dialer: `hello`, acceptor: `challenge`, dialer: `proof`,
 * acceptor: `welcome`, or `refusal` at any point; after it come bundles and pings only.
 */
import { isErrorCode, type ErrorCode } from './errors.ts';
import {
  bin,
  list,
  message,
  nullable,
  oneOf,
  payload,
  str,
  struct,
  text,
  uint,
  union,
  type Codec,
  type UnionCodec,
} from './shape.ts';
import { defaultLimits } from './limits.ts';

/** One of the two sockets of a link. */
export type LinkLane = 'control' | 'bulk';

export interface PeerHello {
  readonly kind: 'peer-hello';
  readonly correlation: number;
  readonly version: number;
  readonly lane: LinkLane;
  readonly from: string;
  /** Whom the dialer means to reach. */
  readonly to: string;
  readonly clusterId: string | undefined;
  /** How many times the node was started. */
  readonly incarnation: number;
  /** Rises with each attempt of the dialer; the two sockets of one link share it. */
  readonly session: number;
  readonly nonce: Uint8Array;
}

export interface PeerChallenge {
  readonly kind: 'peer-challenge';
  readonly correlation: number;
  readonly clusterId: string | undefined;
  readonly incarnation: number;
  readonly nonce: Uint8Array;
}

export interface PeerProof {
  readonly kind: 'peer-proof';
  readonly correlation: number;
  readonly proof: Uint8Array;
}

export interface PeerWelcome {
  readonly kind: 'peer-welcome';
  readonly correlation: number;
  readonly proof: Uint8Array;
}

export interface PeerRefusal {
  readonly kind: 'peer-refusal';
  readonly correlation: number;
  /** An error code, if it is one that this version knows. */
  readonly code: string;
  readonly message: string;
}

export interface PeerPing {
  readonly kind: 'peer-ping';
  readonly correlation: number;
  readonly clusterId: string | undefined;
}

/** One message from an actor of the sending node to an actor of the receiving node. */
export interface BundledEnvelope {
  readonly fromShard: number;
  readonly fromId: string;
  readonly toShard: number;
  readonly toId: string;
  /** The mailbox lane, not the socket. */
  readonly lane: 'control' | 'data';
  /** The message as its receiver's codec wrote it. */
  readonly payload: readonly unknown[];
}

/** What was sent to one peer during one drain. */
export interface PeerBundle {
  readonly kind: 'peer-bundle';
  readonly correlation: number;
  readonly envelopes: readonly BundledEnvelope[];
}

export type PeerFrame =
  PeerHello | PeerChallenge | PeerProof | PeerWelcome | PeerRefusal | PeerPing | PeerBundle;

/** The frame type of `peer-hello`, for reading its version before anything else. */
export const peerHelloType = 1;
/** The frame type of `peer-bundle`, whose frame is put together from envelopes that are encoded one by one. */
export const peerBundleType = 7;
export const nonceBytes = 32;
export const proofBytes = 32;

const name = str(255);
const cluster = nullable(str(64));
const nonce = bin(nonceBytes, { minBytes: nonceBytes, copy: true });
const proof = bin(proofBytes, { minBytes: proofBytes, copy: true });

export const bundledEnvelope: Codec<BundledEnvelope> = struct<BundledEnvelope>({
  fromShard: uint,
  fromId: name,
  toShard: uint,
  toId: name,
  lane: oneOf(['control', 'data']),
  payload,
});

export const peerFrames: UnionCodec<PeerFrame> = union<PeerFrame>({
  'peer-hello': message<PeerHello>('peer-hello', peerHelloType, {
    correlation: uint,
    version: uint,
    lane: oneOf(['control', 'bulk']),
    from: name,
    to: name,
    clusterId: cluster,
    incarnation: uint,
    session: uint,
    nonce,
  }),
  'peer-challenge': message<PeerChallenge>('peer-challenge', 2, {
    correlation: uint,
    clusterId: cluster,
    incarnation: uint,
    nonce,
  }),
  'peer-proof': message<PeerProof>('peer-proof', 3, { correlation: uint, proof }),
  'peer-welcome': message<PeerWelcome>('peer-welcome', 4, { correlation: uint, proof }),
  'peer-refusal': message<PeerRefusal>('peer-refusal', 5, {
    correlation: uint,
    code: str(64),
    message: text(512),
  }),
  'peer-ping': message<PeerPing>('peer-ping', 6, { correlation: uint, clusterId: cluster }),
  'peer-bundle': message<PeerBundle>('peer-bundle', peerBundleType, {
    correlation: uint,
    envelopes: list(bundledEnvelope, defaultLimits.frameArrayItems),
  }),
});

/** The code of a refusal; `unavailable` for one that this version does not know. */
export function refusalCode(refusal: PeerRefusal): ErrorCode {
  return isErrorCode(refusal.code) ? refusal.code : 'unavailable';
}
