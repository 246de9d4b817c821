// timeout: 240 s
/** Directed runs about who leads: the bugs of other systems by their numbers, played on the whole cluster. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SimNode } from '../../sim/node.ts';
import { play, slipIn, type Stage } from './scenario.ts';

const group = 1;

function others(stage: Stage, node: SimNode): readonly [SimNode, SimNode] {
  const [one, two] = stage.world.nodes.filter((other) => other !== node);
  assert.ok(one !== undefined && two !== undefined);
  return [one, two];
}

/** Whoever leads is given five records, and soon they must be committed, whatever the clients at the other nodes meet. */
function mustCommit({ world, at, leader }: Stage): void {
  const { committed } = world.checks;
  const before = committed.group(group).end;
  for (let n = 0; n < 5; n += 1) slipIn(world, leader(group), group, 1_000_000 + world.nowMicros + n);
  at(3_000, () => assert.ok(committed.group(group).end >= before + 5, 'the partition takes no writes'));
}

test('B12: a follower that was cut off for long comes back without an election', () => {
  play('long cut', (stage) => {
    const { world, at, leader, cutOff } = stage;
    at(10_000, () => {
      const leaders = [leader(0), leader(group)];
      const follower = world.nodes.find((node) => !leaders.includes(node));
      assert.ok(follower);
      const before = world.checks.elections.elections;
      cutOff(follower, 25_000);
      at(40_000, () => assert.is(world.checks.elections.elections, before));
    });
  });
});

test('B11: a leader that one of two followers cannot reach does not keep the other two from working', () => {
  play('bridge', (stage) => {
    const { world, at, leader } = stage;
    at(10_000, () => {
      const old = leader(group);
      const [far] = others(stage, old);
      const link = world.network.link(old.name, far.name);
      for (const direction of link.directions()) link.cut(direction);
      // Whoever leads meanwhile: the bridge hears both sides.
      at(6_000, () => {
        mustCommit(stage);
        at(14_000, () => {
          for (const direction of link.directions()) link.mend(direction);
        });
      });
    });
  });
});

test('B11: a leader that is heard by all and hears nobody gives way', () => {
  play('deaf leader', (stage) => {
    const { world, at, leader } = stage;
    at(10_000, () => {
      const old = leader(group);
      const inward = world.network.linksOf(old.name).flatMap((link) => {
        return link
          .directions()
          .filter(({ to }) => to === old.name)
          .map((direction) => ({ link, direction }));
      });
      for (const { link, direction } of inward) link.cut(direction);
      at(8_000, () => {
        assert.is.not(leader(group), old);
        mustCommit(stage);
        at(10_000, () => {
          for (const { link, direction } of inward) link.mend(direction);
        });
      });
    });
  });
});

test('F7: a leader whose beats get through and whose entries do not gives way to one whose do', () => {
  play('beats only', (stage) => {
    const { world, at, leader } = stage;
    at(10_000, () => {
      const old = leader(group);
      const outward = world.network.linksOf(old.name).map((link) => ({ link, way: link.from(old.name) }));
      for (const { way } of outward) way.bulkCut = true;
      at(15_000, () => {
        mustCommit(stage);
        at(10_000, () => {
          for (const { link, way } of outward) link.mend(way);
        });
      });
    });
  });
});

test('B31, B32: producers keep their numbers, and replicas their logs, through a failing leader every two seconds', () => {
  const results = play('storm of elections', ({ at, leader }) => {
    for (let ms = 6_000; ms < 50_000; ms += 2_000) {
      at(ms, () => {
        try {
          leader(group)
            .system?.fuses.get(`partition/${group}`)
            ?.arm(ms % 4_000 === 0, 1);
        } catch {
          // Nobody leads just now: the election is still on.
        }
      });
    }
  });
  for (const { elections } of results) assert.ok(elections >= 8, `${elections} elections`);
});

test('B14, DESIGN 4: a replica that fails with its write on the way opens its log when that has landed', () => {
  const results = play('write in flight', ({ world, at, leader }) => {
    for (const ms of [10_000, 25_000, 40_000]) {
      at(ms, () => {
        const node = leader(group);
        const { onWriting } = world;
        world.onWriting = (name, truncates) => {
          onWriting(name, truncates);
          if (name !== node.name) return;
          world.onWriting = onWriting;
          node.storage.engine.stall(700);
          node.system?.fuses.get(`partition/${group}`)?.arm(true, 1);
        };
      });
    }
  });
  for (const { points } of results) {
    assert.ok((points['a replica was opened anew by its supervisor'] ?? 0) >= 3);
    assert.ok((points['a message of an earlier incarnation was dropped'] ?? 0) >= 1);
  }
});

test('S1, F33: an actor of the whole node that cannot stay up ends its process, and the next process is whole', () => {
  const results = play('crash loop', ({ at, leader }) => {
    at(8_000, () => leader(group).system?.fuses.get('manager')?.arm(true, Infinity));
  });
  for (const { points, faults } of results) {
    assert.is(points['a process ended by escalation'], 1);
    assert.ok((faults['actor-crash'] ?? 0) >= 21, `${faults['actor-crash']} crashes`);
  }
});

test('R12: what a record costs in messages is bounded', () => {
  play('messages', ({ world, at }) => {
    let sent = 0;
    const { onSend } = world;
    world.onSend = (envelope) => {
      sent += 1;
      onSend(envelope);
    };
    at(10_000, () => {
      const before = { sent, last: world.checks.committed.group(group).last };
      at(40_000, () => {
        const entries = world.checks.committed.group(group).last - before.last;
        const messages = sent - before.sent;
        assert.ok(entries > 50, `${entries} entries`);
        // Three replicas of two groups beat every 300 ms, and nodes ask after each other twice a second.
        const idle = 40 * (2 * 2 * 2 * (1_000 / 300) + 6 * 2 * 2 + 20);
        assert.ok(messages < idle + 16 * entries, `${messages} messages for ${entries} entries`);
      });
    });
  });
});

test.run();
