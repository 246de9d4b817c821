// The scrubber walks every group, finds what is bad, and is not fooled by logs that change meanwhile.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { GroupId, LogIndex } from '@callboard/client/protocol';
import { entryTag } from '../../src/storage/keys.ts';
import { Scrubber } from '../../src/storage/scrubber.ts';
import type { ScrubReport } from '../../src/storage/scrubber.ts';
import { LogMaker, TestNode, appendOf, birthOf, g1, g2, hardState } from './kit.ts';
import type { TestStore } from './kit.ts';

const test = suite('scrubber');

class Scene {
  readonly node: TestNode = new TestNode('scrub');
  readonly store: TestStore;
  readonly one: LogMaker = new LogMaker(g1);
  readonly two: LogMaker = new LogMaker(g2);
  readonly scrubber: Scrubber;

  constructor(pageEntries = 4, pageBytes = 1 << 20) {
    this.store = this.node.start();
    this.store.birth(birthOf(g1), birthOf(g2));
    this.store.open(g1);
    this.store.open(g2);
    this.store.write(
      appendOf(g1, this.one.appendMany(10, { bodyBytes: 100 }), { hard: hardState(1) }),
      appendOf(g2, this.two.appendMany(3), { hard: hardState(1) }),
    );
    this.scrubber = new Scrubber({
      store: this.store.store,
      groups: () => [g1, g2],
      last: (group) => this.logOf(group).tail.index,
      pageBytes,
      pageEntries,
    });
  }

  logOf(group: GroupId): LogMaker {
    return group === g1 ? this.one : this.two;
  }

  step(): ScrubReport {
    const reports: ScrubReport[] = [];
    this.scrubber.step((report) => reports.push(report));
    while (reports.length === 0) if (!this.node.time.step()) throw new Error('no report');
    return reports[0] as ScrubReport;
  }

  pass(): ScrubReport[] {
    const reports: ScrubReport[] = [];
    while (reports.at(-1)?.kind !== 'pass') reports.push(this.step());
    return reports;
  }

  flip(index: number): void {
    const entries = [...this.node.storage.engine.stored()].filter(({ key }) => key[0] === entryTag);
    const victim = entries[index - 1];
    if (victim === undefined) throw new Error('no such entry');
    const value = Uint8Array.from(victim.value);
    value[70] = (value[70] as number) ^ 1;
    this.node.storage.engine.tamper(victim.key, value);
  }
}

test('walks every group and begins anew', () => {
  const scene = new Scene();
  for (let pass = 0; pass < 2; pass += 1) {
    const reports = scene.pass();
    assert.equal(
      reports.map((report) =>
        report.kind === 'page' ? `${String(report.group)} to ${String(report.to)}` : report,
      ),
      ['1 to 4', '1 to 7', '1 to 10', '2 to 3', { kind: 'pass', groups: 2 }],
    );
  }
});

test('goes on where single entries exceed the page', () => {
  const scene = new Scene(4, 10);
  const pages = scene.pass().filter((report) => report.kind === 'page');
  assert.equal(pages.at(-1)?.to, 3);
  assert.ok(pages.some((report) => report.group === g1 && report.to === 10));
});

test('reports the first bad index of a group and leaves the rest of it', () => {
  for (let index = 1; index <= 10; index += 1) {
    for (const pageBytes of [10, 1 << 20]) {
      const scene = new Scene(4, pageBytes);
      scene.flip(index);
      const bad = scene.pass().filter((report) => report.kind === 'bad');
      assert.equal(bad, [{ kind: 'bad', group: g1, index }]);
    }
  }
});

test('a missing last entry is bad, an entry above the end is not looked at', () => {
  const scene = new Scene();
  const [last] = [...scene.node.storage.engine.stored()]
    .filter(({ key }) => key[0] === entryTag && key[4] === g2)
    .toReversed();
  if (last === undefined) throw new Error('no entry');
  scene.node.storage.engine.tamper(last.key, undefined);
  assert.equal(
    scene.pass().filter((report) => report.kind === 'bad'),
    [{ kind: 'bad', group: g2, index: 3 }],
  );
  scene.two.cut(3);
  assert.equal(
    scene.pass().filter((report) => report.kind === 'bad'),
    [],
  );
});

test('a truncation between asking and reading is no damage', () => {
  const scene = new Scene();
  const reports: ScrubReport[] = [];
  scene.scrubber.step((report) => reports.push(report));
  // The log is cut while the page is being read: what is found is older than what the group says by then.
  scene.one.cut(3);
  scene.store.write(appendOf(g1, [], { truncateFrom: 3 as LogIndex, tail: scene.one.tail }));
  while (reports.length === 0) scene.node.time.step();
  assert.is(reports[0]?.kind, 'page');
  assert.equal(
    scene.pass().filter((report) => report.kind === 'bad'),
    [],
  );
});

test('one failed read is not believed', () => {
  const scene = new Scene();
  scene.node.storage.engine.failNextReads(2);
  assert.equal(
    scene.pass().filter((report) => report.kind === 'bad'),
    [],
  );
  assert.is(scene.node.storage.engine.faults.of('read-error'), 2);
});

test('groups that leave are left out', () => {
  const scene = new Scene();
  const scrubber = new Scrubber({
    store: scene.store.store,
    groups: () => [g1, g2],
    last: () => undefined,
    pageBytes: 1,
    pageEntries: 1,
  });
  const reports: ScrubReport[] = [];
  scrubber.step((report) => reports.push(report));
  assert.equal(reports, [{ kind: 'pass', groups: 2 }]);
});

test.run();
