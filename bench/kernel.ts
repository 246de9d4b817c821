/**
 * How many local messages per second one core carries: a ping-pong (one message per turn, the worst case for the
 * scheduler), larger circles, and a fan-in under credit. Run it from a build: `node bench/kernel.js [millions]`.
 */
import { ActorSystem } from '../src/kernel/index.ts';
import type { Actor, Context, KernelPorts, Ref } from '../src/kernel/index.ts';
import { RealClock } from '../src/node/ports/real-clock.ts';
import { RealRandom } from '../src/node/ports/real-random.ts';

interface Ball {
  readonly kind: 'ball';
  readonly left: number;
}

const ports: KernelPorts = {
  clock: new RealClock(),
  random: new RealRandom(),
  network: { send: () => 'gone', flush: () => undefined },
  trace: { note: () => undefined },
};

function newSystem(): ActorSystem {
  return new ActorSystem({
    node: 'bench',
    ports,
    onEscalate: (error) => {
      throw error;
    },
  });
}

class Player implements Actor<Ball> {
  readonly #next: Ref<Ball>;
  readonly #done: () => void;

  constructor(next: Ref<Ball>, done: () => void) {
    this.#next = next;
    this.#done = done;
  }

  receive(message: Ball, context: Context<Ball>): void {
    if (message.left === 0) this.#done();
    else context.send(this.#next, { kind: 'ball', left: message.left - 1 });
  }
}

/** `players` actors in a circle pass `balls` balls on. */
async function circle(messages: number, players: number, balls: number): Promise<number> {
  const system = newSystem();
  const refs = Array.from({ length: players }, (_, i): Ref<Ball> => ({
    node: 'bench',
    shard: 0,
    id: `p${i}`,
  }));
  const started = performance.now();
  await new Promise<void>((resolve) => {
    let landed = 0;
    const done = (): void => {
      landed += 1;
      if (landed === balls) resolve();
    };
    refs.forEach((ref, i) => {
      const next = refs[(i + 1) % players] ?? ref;
      system.spawn<Ball>(ref.id, () => new Player(next, done));
    });
    const left = Math.floor(messages / balls) - 1;
    for (let i = 0; i < balls; i += 1) {
      const ref = refs[i % players];
      if (ref !== undefined) system.send(ref, { kind: 'ball', left });
    }
  });
  const seconds = (performance.now() - started) / 1000;
  system.stopAll();
  return messages / seconds;
}

type Work = { readonly kind: 'work'; readonly from: Ref<Work> } | { readonly kind: 'credit' };

const CREDIT = 32;

/** Many senders, one receiver that grants each of them credit. Only the work counts, not the credit messages. */
async function fanIn(messages: number, senders: number): Promise<number> {
  const system = newSystem();
  const share = Math.floor(messages / senders / CREDIT) * CREDIT;
  const started = performance.now();
  await new Promise<void>((resolve) => {
    let received = 0;
    const sink = system.spawn<Work>('sink', () => ({
      receive: (message, context) => {
        received += 1;
        if (received % CREDIT === 0 && message.kind === 'work') {
          context.send(message.from, { kind: 'credit' }, 'control');
        }
        if (received === share * senders) resolve();
      },
    }));
    for (let i = 0; i < senders; i += 1) {
      let left = share;
      const sender = system.spawn<Work>(`sender${i}`, () => ({
        receive: (_message, context) => {
          for (let n = 0; n < CREDIT && left > 0; n += 1, left -= 1) {
            context.send(sink, { kind: 'work', from: context.self });
          }
        },
      }));
      system.send(sender, { kind: 'credit' });
    }
  });
  const seconds = (performance.now() - started) / 1000;
  system.stopAll();
  return messages / seconds;
}

const millions = Number(process.argv[2] ?? 10);
const messages = millions * 1_000_000;
const show = (name: string, rate: number): void =>
  console.log(`${name.padEnd(28)} ${(rate / 1e6).toFixed(2)} M msg/s`);
for (let round = 0; round < 2; round += 1) {
  show('ping-pong, 1 ball', await circle(messages, 2, 1));
  show('circle of 1,000, 100 balls', await circle(messages, 1000, 100));
  show('circle of 2, 64 balls', await circle(messages, 2, 64));
  show('fan-in, 16 senders', await fanIn(messages, 16));
}
