/** A node with a little history, and what its verdicts say: for the tests of damage. */
import type { Tail, Verdict } from '../../src/raft/types.ts';
import { entryKey } from '../../src/storage/keys.ts';
import { LogMaker, TestNode, appendOf, birthOf, g1, g2, hardState } from './kit.ts';
import type { TestStore } from './kit.ts';

export interface Scene {
  readonly node: TestNode;
  readonly store: TestStore;
  readonly log: LogMaker;
}

/** Group 1 with some history: appends, a truncation, no-ops. Group 2 born, without entries. */
export function scene(seed: string | number = 1): Scene {
  const node = new TestNode(seed);
  const store = node.start();
  const log = new LogMaker(g1);
  store.birth(birthOf(g1), birthOf(g2));
  store.open(g1);
  store.open(g2);
  store.write(appendOf(g1, log.appendMany(3), { hard: hardState(1) }));
  store.write(appendOf(g1, log.appendMany(3, { records: 2 })));
  log.cut(5);
  const entries = [log.append({ term: 2, records: 0 }), log.append({ term: 2 })];
  store.write(appendOf(g1, entries, { truncateFrom: entries[0]?.index, hard: hardState(2) }));
  store.write(appendOf(g1, [log.append({ term: 2 })]));
  return { node, store, log };
}

/** The key of an entry of group 1; the first birth record of a journal is its third. */
export function keyAt(index: number): Uint8Array {
  return entryKey({ group: g1, life: 3 }, index);
}

export function damagedBy(verdict: Verdict): string {
  return verdict.kind === 'damaged' ? verdict.detail : verdict.kind;
}

export function owes(verdict: Verdict): Tail | 'unknown' | undefined {
  if (verdict.kind !== 'damaged') return undefined;
  return verdict.owed.kind === 'known' ? verdict.owed.tail : 'unknown';
}
