/** The proof of the cluster's secret, step by step and without sockets. Attacks A19 and A20. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  checkHelloVersion,
  HelloAcceptor,
  HelloDialer,
  type AcceptorStep,
  type NodeIdentity,
} from '../../src/transport/hello.ts';
import {
  peerFrames,
  WireError,
  type LinkLane,
  type PeerFrame,
  type PeerProof,
  type PeerWelcome,
} from '@callboard/client/protocol';

let nonces = 0;
const nonce = (): Uint8Array => new Uint8Array(32).fill((nonces += 1));

function identity(name: string, changes: Partial<NodeIdentity> = {}): NodeIdentity {
  return { name, clusterId: 'c1', incarnation: 3, secret: 'hush', ...changes };
}

const dialer = (changes: Partial<NodeIdentity> = {}, to = 'b', lane: LinkLane = 'control'): HelloDialer =>
  new HelloDialer(identity('a', changes), to, lane, 7, nonce());
const acceptor = (changes: Partial<NodeIdentity> = {}): HelloAcceptor =>
  new HelloAcceptor(identity('b', changes), nonce());

function sent(step: AcceptorStep): PeerFrame {
  assert.ok('send' in step);
  return step.send;
}

function proofFrom(side: HelloDialer, challenge: PeerFrame): PeerProof {
  const step = side.receive(challenge);
  assert.ok('send' in step);
  return step.send;
}

/** Runs a whole hello; `tamper` sees and may change every frame on its way. */
function run(a: HelloDialer, b: HelloAcceptor, tamper: (frame: PeerFrame) => PeerFrame = (frame) => frame) {
  const challenge = sent(b.receive(tamper(a.hello)));
  const step = b.receive(tamper(proofFrom(a, tamper(challenge))));
  assert.ok('proved' in step);
  const done = a.receive(tamper(step.welcome));
  assert.ok('done' in done);
  return { dialed: done.done, accepted: step.proved };
}

function fails(code: string, body: () => unknown): void {
  try {
    body();
  } catch (error) {
    assert.instance(error, WireError);
    assert.is((error as WireError).code, code);
    return;
  }
  assert.unreachable('was let in');
}

test('two nodes with the same secret learn who the other is', () => {
  const { dialed, accepted } = run(dialer({ incarnation: 5 }), acceptor());
  assert.equal(dialed, { peer: 'b', incarnation: 3, clusterId: 'c1', lane: 'control', session: 7 });
  assert.equal(accepted, { peer: 'a', incarnation: 5, clusterId: 'c1', lane: 'control', session: 7 });
});

test('a node that does not know its cluster yet may talk to one that does', () => {
  for (const [ours, theirs] of [
    [undefined, 'c1'],
    ['c1', undefined],
    [undefined, undefined],
  ] as const) {
    assert.not.throws(() => run(dialer({ clusterId: ours }), acceptor({ clusterId: theirs })));
  }
});

test('a wrong secret is refused by the acceptor', () => {
  fails('auth_failed', () => run(dialer({ secret: 'hash' }), acceptor()));
  fails('auth_failed', () => run(dialer(), acceptor({ secret: '' })));
});

test('an acceptor that does not know the secret is refused by the dialer', () => {
  const a = dialer();
  proofFrom(a, sent(acceptor({ secret: 'hash' }).receive(a.hello)));
  const welcome: PeerWelcome = { kind: 'peer-welcome', correlation: 0, proof: new Uint8Array(32) };
  fails('auth_failed', () => a.receive(welcome));
});

test('A20: a proof cannot be reflected to the side that made it', () => {
  const a = dialer();
  const challenge = sent(acceptor({ secret: 'unknown to the attacker' }).receive(a.hello));
  const own = proofFrom(a, challenge);
  fails('auth_failed', () => a.receive({ kind: 'peer-welcome', correlation: 0, proof: own.proof }));
});

test('A20: a node cannot be made to prove itself to itself', () => {
  const node = identity('b');
  const out = new HelloDialer(node, 'b', 'control', 1, nonce());
  const back = new HelloAcceptor(node, nonce());
  fails('auth_failed', () => run(out, back));
});

test('A20: a recorded hello is worth nothing later', () => {
  const recorded: PeerFrame[] = [];
  run(dialer(), acceptor(), (frame) => {
    recorded.push(frame);
    return frame;
  });
  const [hello, , proof] = recorded as [PeerFrame, PeerFrame, PeerFrame];
  const later = acceptor();
  later.receive(hello);
  fails('auth_failed', () => later.receive(proof));
});

test('A20: nothing that was said can be changed on the way', () => {
  const changes: Record<string, (frame: PeerFrame) => PeerFrame> = {
    lane: (frame) => (frame.kind === 'peer-hello' ? { ...frame, lane: 'bulk' } : frame),
    name: (frame) => (frame.kind === 'peer-hello' ? { ...frame, from: 'c' } : frame),
    addressee: (frame) => (frame.kind === 'peer-hello' ? { ...frame, to: 'c' } : frame),
    version: (frame) => (frame.kind === 'peer-hello' ? { ...frame, version: 0 } : frame),
    incarnation: (frame) => (frame.kind === 'peer-hello' ? { ...frame, incarnation: 99 } : frame),
    session: (frame) => (frame.kind === 'peer-hello' ? { ...frame, session: 99 } : frame),
    'cluster of the dialer': (frame) =>
      frame.kind === 'peer-hello' ? { ...frame, clusterId: undefined } : frame,
    'cluster of the acceptor': (frame) =>
      frame.kind === 'peer-challenge' ? { ...frame, clusterId: undefined } : frame,
    'incarnation of the acceptor': (frame) =>
      frame.kind === 'peer-challenge' ? { ...frame, incarnation: 99 } : frame,
    'nonce of the dialer': (frame) =>
      frame.kind === 'peer-hello' ? { ...frame, nonce: new Uint8Array(32) } : frame,
    'nonce of the acceptor': (frame) =>
      frame.kind === 'peer-challenge' ? { ...frame, nonce: new Uint8Array(32) } : frame,
    proof: (frame) =>
      frame.kind === 'peer-proof' ? { ...frame, proof: frame.proof.map((byte) => byte ^ 1) } : frame,
  };
  for (const tamper of Object.values(changes)) fails('auth_failed', () => run(dialer(), acceptor(), tamper));
});

test('A20: another version is refused before anything else is read', () => {
  const wire = peerFrames.encode({ ...dialer().hello, version: 2 });
  fails('version_mismatch', () => checkHelloVersion(wire));
  fails('version_mismatch', () => checkHelloVersion([1, 0, 9, 'a layout that we do not know']));
  assert.not.throws(() => checkHelloVersion(peerFrames.encode(dialer().hello)));
});

test('A19: a node of another cluster is refused, on either side, although it knows the secret', () => {
  fails('cluster_mismatch', () => run(dialer({ clusterId: 'c2' }), acceptor()));
});

test('a node that was reached by a wrong address is refused', () => {
  fails('auth_failed', () => run(dialer({}, 'c'), acceptor()));
});

test('A19: frames out of turn are refused, whatever they are', () => {
  const hello = dialer().hello;
  const early: PeerFrame[] = [
    { kind: 'peer-proof', correlation: 0, proof: new Uint8Array(32) },
    { kind: 'peer-welcome', correlation: 0, proof: new Uint8Array(32) },
    { kind: 'peer-ping', correlation: 0, clusterId: undefined },
    { kind: 'peer-bundle', correlation: 0, envelopes: [] },
  ];
  for (const frame of early) {
    fails('frame_invalid', () => acceptor().receive(frame));
    if (frame.kind !== 'peer-proof') fails('frame_invalid', () => dialer().receive(frame));
  }
  const b = acceptor();
  b.receive(hello);
  fails('frame_invalid', () => b.receive(hello));
});

test.run();
