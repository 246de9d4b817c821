// One seed, one run: the same events in the same order, whatever else the process does.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ActorSystem, refTo } from '../../src/kernel/index.ts';
import type { Actor, Context, Envelope } from '../../src/kernel/index.ts';
import { SimClock } from '../../sim/ports/sim-clock.ts';
import { SimLoop } from '../../sim/ports/sim-loop.ts';
import type { SimRandom } from '../../sim/ports/sim-random.ts';

type Gossip = { readonly kind: 'tick' } | { readonly kind: 'rumour'; readonly hops: number };

const NODES = ['n1', 'n2', 'n3'];

class Gossiper implements Actor<Gossip> {
  start(context: Context<Gossip>): void {
    context.after(context.random() * 20, { kind: 'tick' });
  }

  receive(message: Gossip, context: Context<Gossip>): void {
    if (context.random() < 0.001) throw new Error('chance');
    if (message.kind === 'tick') {
      context.after(5 + context.random() * 20, { kind: 'tick' });
      this.#pass(3, context);
    } else if (message.hops > 0) {
      this.#pass(message.hops - 1, context);
    }
  }

  #pass(hops: number, context: Context<Gossip>): void {
    const node = NODES[Math.floor(context.random() * NODES.length)] ?? 'n1';
    context.send(
      refTo<Gossip>(node, `g${Math.floor(context.random() * 4)}`),
      { kind: 'rumour', hops },
      'control',
    );
  }
}

function run(seed: number): { digest: string; events: number } {
  const loop = new SimLoop({ seed });
  const systems = new Map<string, { system: ActorSystem; clock: SimClock }>();
  const carry = (envelope: Envelope, random: SimRandom): void => {
    const peer = systems.get(envelope.to.node);
    peer?.clock.inputAt(loop.nowMicros + random.between(50, 5000), () => peer.system.deliver(envelope));
  };
  for (const [index, node] of NODES.entries()) {
    const clock = new SimClock(loop, node, { driftPpm: index * 50 });
    const random = loop.random.fork(node);
    const link = random.fork('link');
    const system = new ActorSystem({
      node,
      freezeMessages: true,
      onEscalate: () => loop.hash.mixText(`escalated ${node}`),
      ports: {
        clock,
        random,
        network: {
          send: (envelope) => {
            carry(envelope, link);
            return 'accepted';
          },
          flush: () => undefined,
        },
        trace: { note: (actor, level, event) => loop.hash.mixText(`${actor.id} ${level} ${event}`) },
      },
    });
    systems.set(node, { system, clock });
    for (let i = 0; i < 4; i += 1) system.spawn(`g${i}`, () => new Gossiper());
  }
  const faults = loop.random.fork('faults');
  for (let at = 1; at < 20; at += 1) {
    loop.at(at * 100_000, () => systems.get(faults.pick(NODES))?.clock.stall(faults.between(1, 90)));
  }
  loop.run(2_000_000, 1_000_000);
  return { digest: loop.hash.digest(), events: loop.executed };
}

test('the same seed gives the same trace hash, and another seed another', () => {
  const digests = new Set<string>();
  for (let seed = 0; seed < 20; seed += 1) {
    const first = run(seed);
    assert.equal(run(seed), first, `seed ${seed}`);
    assert.ok(first.events > 1000, `${first.events}`);
    digests.add(first.digest);
  }
  assert.is(digests.size, 20);
});

test.run();
