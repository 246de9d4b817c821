// timeout: 180 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { play, slipIn } from './scenario.ts';

const group = 1;

test('a replica that comes back with a suffix that was never committed applies what was committed there', () => {
  play('stale suffix', ({ world, at, leader, cutOff, restart }) => {
    at(10_000, () => {
      const old = leader(group);
      cutOff(old, 6_000);
      for (let n = 0; n < 5; n += 1) slipIn(world, old, group, 1_000_000 + n);
      at(1_000, () => {
        restart(old, 4_500);
        // Its disk is slow as it comes back: the write that mends the log takes longer than the reads that follow.
        at(4_400, () => {
          old.storage.device.slowdown = 20;
          at(4_000, () => (old.storage.device.slowdown = 1));
        });
      });
    });
  });
});

test('a leader that was paused until others had gone on refuses nothing for good', () => {
  const results = play('paused leader', ({ world, at, leader }) => {
    for (const ms of [8_000, 20_000, 32_000]) {
      at(ms, () => {
        const node = leader(group);
        world.checks.answers.blocked(node.name, 7_000_000);
        node.pause();
        at(7_000, () => node.resume());
      });
    }
  });
  for (const { elections } of results) assert.ok(elections >= 4, `${elections} elections`);
});

test('S18: three copies damaged at different entries heal each other', () => {
  const results = play('helical', ({ world, at, restart }) => {
    at(25_000, () => {
      const { atlas, checks } = world;
      const { last } = checks.committed.group(group);
      for (const [n, node] of world.nodes.entries()) {
        const key = atlas.reader(node.name).entryKeyOf(group, Math.max(1, last - 3 * n - 2));
        assert.ok(key);
        atlas.suspect(node.name, true);
        restart(node, 500 + n);
        node.storage.engine.tamper(key, undefined);
      }
    });
  });
  for (const { points } of results) {
    assert.ok((points['a replica was found damaged'] ?? 0) >= 3);
    assert.ok((points['a damaged replica was healed'] ?? 0) >= 3);
  }
});

test('S18: a replica whose whole database is gone votes by what it owes and is rebuilt from the others', () => {
  const results = play('database gone', ({ world, at, leader, restart }) => {
    at(15_000, () => {
      const node = leader(group);
      world.atlas.suspect(node.name, true);
      restart(node, 300);
      node.storage.engine.breakOpen();
    });
  });
  for (const { points } of results) assert.ok((points['the engine was set aside'] ?? 0) >= 1);
});

test('S19: all nodes without power at once, five times under load, lose nothing', () => {
  const results = play('power', ({ world, at, restart }) => {
    for (let n = 1; n <= 5; n += 1) {
      at(n * 9_000, () => {
        for (const [k, node] of world.nodes.entries()) if (node.alive) restart(node, 50 * (k + 1), true);
      });
    }
  });
  for (const { faults } of results) assert.ok((faults['restart'] ?? 0) >= 15);
});

test('a disk that is full ends its node, and with space it takes part again', () => {
  const results = play('full', ({ world, at, leader }) => {
    at(12_000, () => {
      const node = leader(group);
      world.atlas.expectFailure(node.name);
      node.storage.setFull(true);
      at(8_000, () => node.storage.setFull(false));
    });
  });
  for (const { faults } of results) assert.ok((faults['restart'] ?? 0) >= 4);
});

test('a manager that starts anew beside a running gateway denies nothing that was answered before', () => {
  play('manager restart', ({ world, at }) => {
    for (let n = 0; n < 6; n += 1) {
      at(8_000 + n * 7_000, () => {
        const node = world.nodes[n % 3];
        assert.ok(node);
        world.atlas.suspect(node.name, true);
        node.crash(false);
        node.start();
        // The directory is read in its first moments; a read that fails makes the manager open its log again.
        for (let ms = 30; ms < 900; ms += 30) at(ms, () => node.storage.engine.failNextReads(1));
      });
    }
  });
});

test.run();
