import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Durability } from '../../src/raft/durability.ts';
import { index, throwsInvariant } from './kit.ts';
import { assertProperty } from '../lib/properties.ts';

const commands = fc.array(
  fc.record({
    kind: fc.constantFrom('put', 'overwrite', 'hard', 'complete'),
    size: fc.integer({ min: 1, max: 4 }),
  }),
  { maxLength: 60 },
);

/** A disk that holds which version of each entry it has; the log's versions beside it. */
function durablePrefix(disk: readonly number[], log: readonly number[]): number {
  let at = 0;
  while (at < log.length && disk[at] === log[at]) at += 1;
  return at;
}

test('B29: what is called durable is never more than the log and the disk have in common, and all of it in the end', () => {
  assertProperty(
    fc.property(commands, (list) => {
      const durability = new Durability(index(0));
      const log: number[] = [];
      const writes: number[][] = [];
      let disk: number[] = [];
      let version = 0;
      const write = (changesLog: boolean): void => {
        durability.issue();
        if (changesLog) durability.covers(index(log.length));
        writes.push([...log]);
      };
      for (const { kind, size } of list) {
        if (kind === 'complete') {
          const count = Math.min(size, writes.length);
          disk = writes.splice(0, count).at(-1) ?? disk;
          durability.complete(durability.issued - writes.length);
        } else if (kind === 'hard') write(false);
        else {
          if (kind === 'overwrite' && size <= log.length) {
            log.length -= size;
            durability.cut(index(log.length + 1));
          }
          version += 1;
          log.push(version);
          write(true);
        }
        assert.ok(durability.index <= durablePrefix(disk, log), `${durability.index} of ${disk} and ${log}`);
      }
      durability.complete(durability.issued);
      assert.is(durability.index, log.length);
      assert.ok(durability.settled);
    }),
  );
});

test('B29, the ABA case: the write of (2, t1) vouches neither for (2, t2) nor for (2, t1) come again', () => {
  const durability = new Durability(index(1));
  for (const cut of [false, true, true]) {
    if (cut) durability.cut(index(2));
    durability.issue();
    durability.covers(index(2));
  }
  durability.complete(1);
  assert.is(durability.index, 1);
  durability.complete(2);
  assert.is(durability.index, 1);
  durability.complete(3);
  assert.is(durability.index, 2);
});

test('tokens complete in order, and only those that were issued', () => {
  const durability = new Durability(index(0));
  durability.issue();
  durability.issue();
  durability.complete(2);
  throwsInvariant(() => durability.complete(1), /in order/);
  throwsInvariant(() => durability.complete(3), /issued/);
});

test.run();
