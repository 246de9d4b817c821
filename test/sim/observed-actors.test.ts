// What the simulator wraps around actors must pass on everything that the kernel tells them, or it runs another program.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FragileActor, Fuse } from '../../sim/observe/fragile-actor.ts';
import { SiteActor } from '../../sim/observe/raft-probe.ts';
import type { Actor } from '../../src/kernel/index.ts';
import { newKit } from '../kernel/kit.ts';

const test = suite('sim/observed-actors');

test('a wrapped actor hears of its start, each message, the end of its turn, and its end', () => {
  const heard: string[] = [];
  const inner: Actor<string> = {
    start: () => void heard.push('start'),
    receive: (message) => void heard.push(message),
    turnEnded: () => void heard.push('turn ended'),
    stopped: () => void heard.push('stopped'),
    inspect: () => ({ heard: heard.length }),
  };
  const kit = newKit();
  const fuse = new Fuse(() => undefined);
  const ref = kit.system.spawn<string>(
    'wrapped',
    () => new FragileActor(new SiteActor(inner, 'n1', 1, 1), fuse),
  );
  kit.system.send(ref, 'a');
  kit.system.send(ref, 'b');
  kit.settle();
  assert.equal(heard, ['start', 'a', 'b', 'turn ended']);
  kit.system.stop(ref);
  assert.equal(heard.at(-1), 'stopped');
});

test.run();
