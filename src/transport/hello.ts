/**
 * How two nodes prove to each other that they know the cluster's secret, without ever sending it.
 *
 * dialer: hello (its nonce) / acceptor: challenge (its nonce) / dialer: proof / acceptor: welcome (its proof).
 *
 * A proof is an HMAC over everything that was said: side, version, lane, both names, both cluster ids, both
 * incarnations, session and both nonces. So a proof cannot be replayed (fresh nonces), reflected (the side), moved to
 * another lane, node or cluster, or kept while the version is talked down. The dialer proves first: a stranger learns
 * nothing that the secret went into. These classes hold no socket and no clock; whoever runs them sets a deadline.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  announcedVersion,
  packFrame,
  peerHelloType,
  protocolVersion,
  WireError,
  type LinkLane,
  type PeerChallenge,
  type PeerFrame,
  type PeerHello,
  type PeerProof,
  type PeerWelcome,
} from '@callboard/client/protocol';

/** Who this node is, at this moment. */
export interface NodeIdentity {
  readonly name: string;
  /** Undefined before the founding of the cluster. */
  readonly clusterId: string | undefined;
  readonly incarnation: number;
  readonly secret: string;
}

/** What a finished hello has established about the other side. */
export interface PeerFacts {
  readonly peer: string;
  readonly incarnation: number;
  readonly clusterId: string | undefined;
  readonly lane: LinkLane;
  readonly session: number;
}

type Side = 'dialer' | 'acceptor';

function prove(side: Side, secret: string, hello: PeerHello, challenge: PeerChallenge): Uint8Array {
  const said = packFrame([
    'callboard peer hello',
    side,
    hello.version,
    hello.lane,
    hello.from,
    hello.to,
    hello.clusterId ?? null,
    challenge.clusterId ?? null,
    hello.incarnation,
    challenge.incarnation,
    hello.session,
    hello.nonce,
    challenge.nonce,
  ]);
  return createHmac('sha256', secret).update(said).digest();
}

function checkProof(given: Uint8Array, expected: Uint8Array): void {
  if (given.byteLength !== expected.byteLength || !timingSafeEqual(given, expected)) {
    throw new WireError('auth_failed', 'the proof of the cluster secret is wrong');
  }
}

/** Two nodes may talk while either does not yet know its cluster; never when both know and differ. */
export function checkCluster(own: string | undefined, other: string | undefined): void {
  if (own !== undefined && other !== undefined && own !== other) {
    throw new WireError('cluster_mismatch', 'the other node belongs to another cluster');
  }
}

/** Before a peer's first frame is decoded: its layout may be another version's. */
export function checkHelloVersion(frame: readonly unknown[]): void {
  const version = announcedVersion(frame, peerHelloType);
  if (version !== undefined && version !== protocolVersion) {
    throw new WireError(
      'version_mismatch',
      `version ${version} was announced, this node speaks ${protocolVersion}`,
    );
  }
}

function unexpected(frame: PeerFrame): WireError {
  return new WireError('frame_invalid', `did not expect ${frame.kind} at this point of the hello`);
}

export type DialerStep = { readonly send: PeerProof } | { readonly done: PeerFacts };

/** The side that opened the connection. */
export class HelloDialer {
  readonly hello: PeerHello;
  readonly #identity: NodeIdentity;
  #challenge: PeerChallenge | undefined;

  constructor(identity: NodeIdentity, to: string, lane: LinkLane, session: number, nonce: Uint8Array) {
    this.#identity = identity;
    const { name, clusterId, incarnation } = identity;
    this.hello = {
      kind: 'peer-hello',
      correlation: 0,
      version: protocolVersion,
      lane,
      from: name,
      to,
      clusterId,
      incarnation,
      session,
      nonce,
    };
  }

  /** Takes the acceptor's next frame. Throws a WireError, which ends the attempt. */
  receive(frame: PeerFrame): DialerStep {
    const { hello } = this;
    const { secret } = this.#identity;
    if (frame.kind === 'peer-challenge' && this.#challenge === undefined) {
      this.#challenge = frame;
      const proof = prove('dialer', secret, hello, frame);
      return { send: { kind: 'peer-proof', correlation: 0, proof } };
    }
    if (frame.kind === 'peer-welcome' && this.#challenge !== undefined) {
      const { clusterId, incarnation } = this.#challenge;
      checkProof(frame.proof, prove('acceptor', secret, hello, this.#challenge));
      checkCluster(hello.clusterId, clusterId);
      return { done: { peer: hello.to, incarnation, clusterId, lane: hello.lane, session: hello.session } };
    }
    throw unexpected(frame);
  }
}

export type AcceptorStep =
  | { readonly send: PeerChallenge }
  /** The dialer has proved itself; `welcome` is for the dialer, if it is to be let in. */
  | { readonly proved: PeerFacts; readonly welcome: PeerWelcome };

/** The side that was called. */
export class HelloAcceptor {
  readonly #identity: NodeIdentity;
  readonly #nonce: Uint8Array;
  #said: { readonly hello: PeerHello; readonly challenge: PeerChallenge } | undefined;

  constructor(identity: NodeIdentity, nonce: Uint8Array) {
    this.#identity = identity;
    this.#nonce = nonce;
  }

  /** Takes the dialer's next frame. Throws a WireError, which ends the connection. */
  receive(frame: PeerFrame): AcceptorStep {
    const { clusterId, incarnation, name, secret } = this.#identity;
    if (frame.kind === 'peer-hello' && this.#said === undefined) {
      const challenge: PeerChallenge = {
        kind: 'peer-challenge',
        correlation: 0,
        clusterId,
        incarnation,
        nonce: this.#nonce,
      };
      this.#said = { hello: frame, challenge };
      return { send: challenge };
    }
    if (frame.kind === 'peer-proof' && this.#said !== undefined) {
      const { hello, challenge } = this.#said;
      checkProof(frame.proof, prove('dialer', secret, hello, challenge));
      // Only someone who knows the secret is told anything more precise.
      if (hello.to !== name) throw new WireError('auth_failed', `this node is ${name}, not ${hello.to}`);
      if (hello.from === name) throw new WireError('auth_failed', `this node is ${name}, too`);
      checkCluster(clusterId, hello.clusterId);
      const { from: peer, lane, session } = hello;
      const welcome: PeerWelcome = {
        kind: 'peer-welcome',
        correlation: 0,
        proof: prove('acceptor', secret, hello, challenge),
      };
      return {
        proved: { peer, incarnation: hello.incarnation, clusterId: hello.clusterId, lane, session },
        welcome,
      };
    }
    throw unexpected(frame);
  }
}
