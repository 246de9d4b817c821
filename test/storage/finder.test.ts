import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { OffsetAnswer } from '../../src/raft/log-store.ts';
import type { Engine, EngineEntry } from '../../src/storage/engine.ts';
import { Finder } from '../../src/storage/finder.ts';
import { entryKey } from '../../src/storage/keys.ts';
import { pointOf, putPoint } from '../../src/storage/offset-index.ts';
import type { ReadContext } from '../../src/storage/reader.ts';
import { crc32, g1, idOf, LogMaker } from './kit.ts';

const entries = 64;
const log = { group: g1, replica: idOf('r'), number: 1 } as unknown as ReadContext['log'];

/** A log with a point for each entry, of which one scan can be made to fail. */
class Bench {
  readonly finder: Finder;
  scans = 0;
  failing: number | undefined;
  readonly #rows: EngineEntry[] = [];

  constructor() {
    const maker = new LogMaker(g1);
    let maxTimestamp = 0;
    for (let n = 0; n < entries; n += 1) {
      const entry = maker.append({ bodyBytes: 200 });
      const point = pointOf(entry, maxTimestamp);
      if (point === undefined) throw new Error('an entry with records has a point');
      ({ maxTimestamp } = point);
      const put = putPoint(log, point, crc32);
      if (put.kind !== 'put') throw new Error('a point is put');
      this.#rows.push({ key: entryKey(log, entry.index), value: entry.bytes }, put);
    }
    this.#rows.sort((a, b) => Buffer.compare(a.key, b.key));
    const engine: Pick<Engine, 'get' | 'scan'> = {
      get: (key, done) =>
        done(undefined, this.#rows.find((row) => Buffer.compare(row.key, key) === 0)?.value),
      scan: ({ from, to, reverse, limit }, done) => {
        this.scans += 1;
        if (this.scans === this.failing) {
          done(new Error('EIO'), []);
          return;
        }
        const found = this.#rows.filter(
          ({ key }) => Buffer.compare(key, from) >= 0 && Buffer.compare(key, to) < 0,
        );
        done(undefined, (reverse ? found.toReversed() : found).slice(0, limit));
      },
    };
    this.finder = new Finder({ engine: engine as Engine, crc32, log }, { gapBytes: 300, exactTo: Infinity });
  }

  /** Its answer, with this scan of the search failing, and how many there were. */
  find(
    how: (finder: Finder, done: (answer: OffsetAnswer) => void) => void,
    failing?: number,
  ): { readonly answer: OffsetAnswer; readonly scans: number } {
    this.scans = 0;
    this.failing = failing;
    const answers: OffsetAnswer[] = [];
    how(this.finder, (answer) => void answers.push(answer));
    const [answer, second] = answers;
    if (answer === undefined || second !== undefined) throw new Error('one answer');
    return { answer, scans: this.scans };
  }
}

const searches = {
  time: (n: number) => (finder: Finder, done: (answer: OffsetAnswer) => void) =>
    finder.byTime(1_001 + n, done),
  offset: (n: number) => (finder: Finder, done: (answer: OffsetAnswer) => void) => finder.byOffset(n, done),
};

for (const [name, search] of Object.entries(searches)) {
  test(`whichever scan of a search by ${name} fails, the answer is right, or says that the index could not be read`, () => {
    const bench = new Bench();
    let unread = 0;
    for (let n = 0; n < entries; n += 1) {
      const whole = bench.find(search(n));
      assert.is(whole.answer.index, n + 1);
      for (let failing = 1; failing <= whole.scans; failing += 1) {
        const { answer } = bench.find(search(n), failing);
        if (answer.unread === true) unread += 1;
        else assert.is(answer.index, n + 1, `scan ${failing} of ${whole.scans}`);
      }
    }
    assert.ok(unread >= entries);
  });
}

test.run();
