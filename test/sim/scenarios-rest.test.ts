// timeout: 240 s
/** Directed runs against groups that rest: known failures of systems whose idle groups are kept alive in common. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { beatsActorId } from '../../src/actors/beats/messages.ts';
import type { SimNode } from '../../sim/node.ts';
import type { RunResult } from '../../sim/run.ts';
import type { Settings } from '../../sim/settings.ts';
import { play, slipIn, type Stage } from './scenario.ts';

const group = 1;

function seldomUsed(settings: Settings): Settings {
  return { ...settings, workload: { ...settings.workload, thinkMs: 2_000 } };
}

/** `script` begins when every replica of the partition rests. */
function whileAllRest(name: string, script: (stage: Stage) => void): readonly RunResult[] {
  return play(
    name,
    (stage) => stage.at(10_000, () => whenAllRest(stage, 20_000, () => script(stage))),
    seldomUsed,
  );
}

function rests(node: SimNode): boolean {
  const details = node.system?.inspectOne(beatsActorId)?.details;
  return details !== undefined && details['groups'] === 1 && details['resting'] === 1;
}

/** A step that is awaited is the assertion: it fails if the groups do not come to rest in that time. */
function whenAllRest(stage: Stage, withinMs: number, then: () => void): void {
  assert.ok(withinMs > 0, 'the replicas do not come to rest');
  if (stage.world.nodes.every(rests)) then();
  else stage.at(50, () => whenAllRest(stage, withinMs - 50, then));
}

function followers({ world, leader }: Stage): readonly SimNode[] {
  const leading = leader(group);
  return world.nodes.filter((node) => node !== leading);
}

function takesWrites(stage: Stage, to: SimNode): void {
  const { world, at } = stage;
  const { committed } = world.checks;
  const before = committed.group(group).end;
  for (let n = 0; n < 5; n += 1) slipIn(world, to, group, 1_000_000 + world.nowMicros + n);
  at(3_000, () => assert.ok(committed.group(group).end >= before + 5, 'the partition takes no writes'));
}

/** The one that leads among these, by its own word. */
function leaderAmong({ world }: Stage, nodes: readonly SimNode[]): SimNode {
  const found = nodes.find(
    (node) => world.checks.raft.view(node.name, group)?.raft.status().role === 'leader',
  );
  assert.ok(found, 'nobody leads');
  return found;
}

test('a leader that stands still with its sockets open is replaced, although its groups rested on its word', () => {
  whileAllRest('rest: paused leader', (stage) => {
    const { at } = stage;
    const old = stage.leader(group);
    const rest = followers(stage);
    old.pause();
    at(6_000, () => {
      takesWrites(stage, leaderAmong(stage, rest));
      at(3_500, () => {
        old.resume();
        at(1_000, () => whenAllRest(stage, 15_000, () => undefined));
      });
    });
  });
});

test('a leader that nobody hears any more is replaced, although it hears the others', () => {
  whileAllRest('rest: mute leader', (stage) => {
    const { world, at } = stage;
    const old = stage.leader(group);
    const rest = followers(stage);
    const outward = world.network.linksOf(old.name).map((link) => ({ link, way: link.from(old.name) }));
    for (const { link, way } of outward) link.cut(way);
    at(6_000, () => {
      takesWrites(stage, leaderAmong(stage, rest));
      at(3_500, () => {
        for (const { link, way } of outward) link.mend(way);
      });
    });
  });
});

test('a leader that hears nobody any more gives way', () => {
  whileAllRest('rest: deaf leader', (stage) => {
    const { world, at } = stage;
    const old = stage.leader(group);
    const rest = followers(stage);
    const inward = world.network
      .linksOf(old.name)
      .flatMap((link) => rest.map(({ name }) => ({ link, name })))
      .filter(({ link, name }) => link.other(old.name) === name)
      .map(({ link, name }) => ({ link, way: link.from(name) }));
    for (const { link, way } of inward) link.cut(way);
    at(8_000, () => {
      takesWrites(stage, leaderAmong(stage, rest));
      at(3_500, () => {
        for (const { link, way } of inward) link.mend(way);
      });
    });
  });
});

test('a leader whose process is back within a beat period does not lead on by what it said before', () => {
  whileAllRest('rest: quick restart', (stage) => {
    const { at } = stage;
    stage.restart(stage.leader(group), 40);
    at(6_000, () => {
      takesWrites(stage, stage.leader(group));
      at(3_500, () => whenAllRest(stage, 15_000, () => undefined));
    });
  });
});

test('replicas that begin anew while their node lives are missed, found, and rest again', () => {
  const results = whileAllRest('rest: replicas restart', (stage) => {
    const { at, world } = stage;
    const all = [...followers(stage), stage.leader(group)];
    for (const [turn, node] of all.entries()) {
      at(turn * 5_000, () => {
        node.system?.fuses.get(`partition/${group}`)?.arm(turn % 2 === 0, 1);
        slipIn(world, node, group, 2_000_000 + turn);
      });
    }
    at(20_000, () => whenAllRest(stage, 10_000, () => takesWrites(stage, stage.leader(group))));
  });
  for (const { faults } of results) assert.ok((faults['actor-crash'] ?? 0) >= 3);
});

test('Beats that begin anew, on a follower and on the leader, cost no election', () => {
  const results = whileAllRest('rest: beats restart', (stage) => {
    const { at, world } = stage;
    const before = world.checks.elections.elections;
    stage.leader(group).system?.fuses.get(beatsActorId)?.arm(true, 1);
    at(4_000, () => {
      followers(stage)[0]?.system?.fuses.get(beatsActorId)?.arm(false, 1);
      at(4_000, () => {
        assert.is(world.checks.elections.elections, before);
        whenAllRest(stage, 10_000, () => undefined);
      });
    });
  });
  for (const { faults } of results) assert.is(faults['actor-crash'], 2);
});

test('a follower that no longer hears its leader alone goes on asking, and rests again when the link is mended', () => {
  whileAllRest('rest: one link', (stage) => {
    const { at, world } = stage;
    const old = stage.leader(group);
    const [far] = followers(stage);
    assert.ok(far);
    const link = world.network.link(old.name, far.name);
    for (const direction of link.directions()) link.cut(direction);
    at(6_000, () => {
      assert.not(rests(far));
      for (const direction of link.directions()) link.mend(direction);
      at(2_000, () => whenAllRest(stage, 15_000, () => undefined));
    });
  });
});

test('idle groups cost no messages of their own', () => {
  whileAllRest('rest: silence', ({ world, at }) => {
    const kinds = new Map<string, number>();
    const { onSend } = world;
    world.onSend = (envelope) => {
      const { kind } = envelope.message as { readonly kind: string };
      if (envelope.to.id !== 'manager') kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      onSend(envelope);
    };
    at(30_000, () => {
      const beats = kinds.get('beat') ?? 0;
      assert.ok(beats > 100, `${beats} beats`);
      const { last } = world.checks.committed.group(group);
      // Rounds of their own follow only what was written: some for each entry until all have it and rest again.
      assert.ok(
        (kinds.get('group-raft') ?? 0) < 40 * last,
        `${kinds.get('group-raft')} messages of the group`,
      );
    });
  });
});

test.run();
