/**
 * Faults of disks. What destroys data asks the atlas first, and makes the node a suspect until its disk was seen whole again. What
 * happens to a database or a journal only between two processes is done between a crash and a restart.
 */
import { crc32 } from 'node:zlib';
import type { FaultKind } from '../observe/fault-kinds.ts';
import type { SimNode } from '../node.ts';
import { entryTag, offsetTag } from '../../src/storage/keys.ts';
import { parseFile } from '../../src/storage/journal-records.ts';
import { journalNames } from '../../src/storage/journal.ts';
import type { KeyFilter } from '../storage/sim-engine.ts';
import type { Fault, FaultContext } from './fault.ts';

/** What a running process may find changed: records of the log and of its index. */
const logKeys: KeyFilter = (key) => key[0] === entryTag || key[0] === offsetTag;

function victim(context: FaultContext): SimNode | undefined {
  const { aim, world } = context;
  return aim.node((node) => node.running && world.atlas.mayDamage(node.name));
}

/** Kills the node, does something to its disk, and starts it again. */
function whileDown(context: FaultContext, node: SimNode, act: () => void, power = true): void {
  const { random } = context;
  node.crash(power && random.chance(0.3));
  act();
  context.restartAfter(random.between(20, 3_000), node);
}

/** One key of the log: while the process runs, or behind its back. */
function oneKey(kind: FaultKind, damage: (node: SimNode, filter: KeyFilter | undefined) => boolean): Fault {
  return (context) => {
    const node = victim(context);
    if (node === undefined) return false;
    const down = context.random.chance(0.5);
    context.hits(kind, node);
    context.world.atlas.suspect(node.name, down);
    context.world.report.event(node.name, 'damaged');
    if (!down) damage(node, logKeys);
    else whileDown(context, node, () => void damage(node, undefined));
    return false;
  };
}

function wholeEngine(
  kind: FaultKind,
  damage: (node: SimNode, context: FaultContext) => void,
  mayLosePower: (context: FaultContext) => boolean = () => true,
): Fault {
  return (context) => {
    const node = victim(context);
    if (node === undefined) return false;
    context.hits(kind, node);
    context.world.atlas.suspect(node.name, true);
    context.world.report.event(node.name, 'engine-damaged');
    whileDown(context, node, () => damage(node, context), mayLosePower(context));
    return false;
  };
}

/** The same group damaged on several nodes, at entries that some other node holds sound. */
const helical: Fault = (context) => {
  const { world, random } = context;
  const { atlas, checks } = world;
  const groups = checks.promises.groups().filter((group) => {
    const members = checks.promises.members(group);
    if (checks.promises.isInMemory(group)) return false;
    const alone = members.every((member) => !atlas.excuses(member) && world.node(member).running);
    return alone && members.length > 2 && checks.committed.group(group).last > 6;
  });
  if (groups.length === 0) return false;
  const group = random.pick(groups);
  const members = checks.promises.members(group);
  const taken = new Set<number>();
  let hits = 0;
  for (const member of random.shuffle([...members])) {
    const index = random.between(1, checks.committed.group(group).last);
    const held = members.filter((other) => {
      const checksum = checks.committed.group(group).checksums[index];
      return other !== member && atlas.reader(other).sound(group, index)?.checksum === checksum;
    });
    const key = atlas.reader(member).entryKeyOf(group, index);
    if (taken.has(index) || held.length === 0 || key === undefined) continue;
    taken.add(index);
    const hit = (other: Uint8Array): boolean => Buffer.compare(other, key) === 0;
    const { engine } = world.node(member).storage;
    if (!(random.chance(0.5) ? engine.makeHole(hit) : engine.flipBit(hit))) continue;
    context.hits('helical', world.node(member));
    atlas.suspect(member, false);
    hits += 1;
  }
  world.report.event('', 'helical', group, hits);
  for (const member of members) {
    if (random.chance(0.6)) whileDown(context, world.node(member), () => undefined);
  }
  return hits > 1;
};

/**
 * An entry is bad by the time that its leader reads it for a follower, and for nobody else: it is applied there already. Every leader
 * may come to that; it counts when it strikes.
 */
const badRead: Fault = ({ world, random, triggers }) => {
  const { atlas, report, checks } = world;
  const strikeAt = (name: string): void => {
    triggers.armRead(name, (view, load) => {
      const key = atlas.reader(name).entryKeyOf(view.group, load.from);
      if (key === undefined || view.raft.status().applied < load.from || !atlas.mayDamage(name)) {
        strikeAt(name);
        return;
      }
      const { engine } = world.node(name).storage;
      const only: KeyFilter = (other) => Buffer.compare(other, key) === 0;
      if (!(random.chance(0.5) ? engine.makeHole(only) : engine.flipBit(only))) return;
      atlas.suspect(name, false);
      report.event(name, 'bad-read', view.group, load.from);
      report.fault('bad-read');
      checks.noticing.damaged(view, load.id, load.from);
    });
  };
  for (const { name, running } of world.nodes) if (running) strikeAt(name);
  return false;
};

const readError: Fault = (context) => {
  const node = victim(context);
  if (node === undefined) return false;
  context.hits('read-error', node);
  context.world.atlas.suspect(node.name, false);
  node.storage.engine.failNextReads(context.random.between(1, 4));
  // Reads of a quiet node are rare: an open reads the most.
  if (context.random.chance(0.6)) {
    whileDown(context, node, () => undefined);
    node.storage.engine.failNextReads(context.random.between(1, 4));
  }
  return false;
};

const writeError: Fault = ({ world, random, aim }) => {
  const node = aim.running();
  if (node === undefined) return false;
  world.atlas.expectFailure(node.name);
  if (random.chance(0.6)) node.storage.engine.failNextBatch();
  else node.storage.files.failNext();
  world.report.event(node.name, 'write-error');
  return true;
};

const diskFull: Fault = ({ world, random, aim, during }) => {
  const node = aim.running();
  if (node === undefined) return false;
  const fill = (): void => {
    world.atlas.expectFailure(node.name);
    node.storage.setFull(true);
    world.report.event(node.name, 'disk-full');
  };
  let over = false;
  // With or without the warning that the low-space mark gives.
  if (random.chance(0.5)) fill();
  else {
    node.storage.setLowSpace(true, random.chance(0.5));
    if (random.chance(0.5)) {
      // The plan may heal the cluster before that: what is filled then would never be emptied again.
      world.after(random.between(500, 3_000), () => (node.running && !over ? fill() : undefined));
    }
  }
  during(random.between(3_000, 12_000), () => {
    over = true;
    node.storage.setFull(false);
  });
  return true;
};

const slowDisk: Fault = ({ world, random, aim, during }) => {
  const node = aim.running();
  if (node === undefined) return false;
  const { device } = node.storage;
  device.slowdown = random.between(10, 300);
  world.report.event(node.name, 'slow-disk', device.slowdown);
  during(random.between(1_000, 15_000), () => {
    device.slowdown = 1;
  });
  return true;
};

/** The process itself waits within its next writing calls, as it does for a page cache that is full; counted as it happens. */
const syncStall: Fault = ({ world, random, aim }) => {
  const node = aim.running();
  if (node === undefined) return false;
  const ms = random.chance(0.7) ? random.between(5, 800) : random.between(800, 4_000);
  node.storage.device.blockNext(random.between(1, 5), () => {
    node.stall(ms);
    world.checks.answers.blocked(node.name, ms * 1_000);
    world.report.fault('sync-stall');
  });
  return false;
};

/** Counted as a batch meets it. */
const compactionError: Fault = (context) => {
  const { world, random, aim } = context;
  const damages = random.chance(0.5);
  const node = damages ? victim(context) : aim.running();
  if (node === undefined) return false;
  world.atlas.expectFailure(node.name);
  // The whole database is set aside by a later start, at the earliest by the next.
  if (damages) world.atlas.suspect(node.name, true);
  node.storage.engine.failCompaction(damages ? 'damage' : 'error');
  world.report.event(node.name, 'compaction-error', damages);
  return false;
};

const diskStall: Fault = ({ world, random, aim }) => {
  const node = aim.running();
  if (node === undefined) return false;
  const ms = random.between(200, 9_000);
  node.storage.engine.stall(ms);
  world.report.event(node.name, 'disk-stall', ms);
  return true;
};

/**
 * A power loss tore a record that only the first file has whole: that is the one copy. Nothing was released on it, but what was
 * written of it is the second file's word that it was safe in the first.
 */
function isTorn(node: SimNode, name: string): boolean {
  const bytes = node.storage.files.copy(name);
  return bytes !== undefined && parseFile(bytes, crc32).ragged;
}

/** Damages one of the two journal files; the other must not have been damaged since both were written anew. */
function journal(
  down: boolean,
  damage: (node: SimNode, name: string, context: FaultContext) => boolean,
): Fault {
  return (context) => {
    const { world, random, aim } = context;
    const file = random.below(2);
    const node = aim.node((one) => one.running && world.atlas.mayDamageJournal(one.name, file));
    const name = journalNames[file];
    if (node === undefined || name === undefined) return false;
    world.atlas.damagedJournal(node.name, file);
    let hit = false;
    const act = (): void => {
      hit = !(file === 0 && isTorn(node, journalNames[1])) && damage(node, name, context);
      world.report.event(node.name, 'journal-damaged', name, hit);
    };
    if (down) whileDown(context, node, act);
    else act();
    return hit;
  };
}

const olderJournal = journal(true, (node, name, context) => {
  const copy = node.storage.files.copy(name);
  if (copy === undefined) return false;
  const kept = context.world.oldJournals.get(`${node.name} ${name}`);
  context.world.oldJournals.set(`${node.name} ${name}`, copy);
  node.storage.files.put(name, kept ?? copy.subarray(0, context.random.below(copy.byteLength)));
  return true;
});

export const diskFaults: Readonly<Record<string, Fault>> = {
  hole: oneKey('hole', (node, filter) => node.storage.engine.makeHole(filter)),
  'older-value': oneKey('older-value', (node, filter) => node.storage.engine.returnOlder(filter)),
  'bit-flip': oneKey('bit-flip', (node, filter) => node.storage.engine.flipBit(filter)),
  'batch-hole': wholeEngine('batch-hole', (node) => void node.storage.engine.makeBatchHole()),
  // Together with the machine's power only where the journal is synced with each batch: else that would take the journal's
  // newest tail records as well, and nothing would be left to tell of the batches that they vouch for (S18's exception).
  'tail-lost': wholeEngine(
    'tail-lost',
    (node, { random }) => void node.storage.engine.loseTail(random.between(1, 20)),
    ({ world }) => world.settings.disk.tailSyncMs === 0,
  ),
  'open-failed': wholeEngine('open-failed', (node) => node.storage.engine.breakOpen()),
  helical,
  'bad-read': badRead,
  'read-error': readError,
  'write-error': writeError,
  'disk-full': diskFull,
  'slow-disk': slowDisk,
  'disk-stall': diskStall,
  'sync-stall': syncStall,
  'compaction-error': compactionError,
  'journal-flip': journal(false, (node, name) => node.storage.files.flipBit(name)),
  'journal-truncated': journal(true, (node, name, { random }) => {
    return node.storage.files.truncate(name, random.below(node.storage.files.copy(name)?.byteLength ?? 1));
  }),
  'journal-removed': journal(true, (node, name) => node.storage.files.remove(name)),
  'journal-older': olderJournal,
};
