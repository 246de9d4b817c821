// What a leader takes as its disk, or its memory for topics, fills up: records first stop, then cursors, and reading goes on.
import { offset } from '@callboard/client/protocol';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { draftOf, entryOf } from '../../lib/chunks.ts';
import { leading, told, type Leading, type Room } from './leading.ts';

const durable = { kind: 'push-open', start: { at: 'earliest', value: 0 }, reset: false } as const;

/** The newest read of one record is answered. */
function serve(rig: Leading): void {
  const read = rig.reads.at(-1);
  assert.ok(read?.kind === 'read-chunks');
  const { id, incarnation } = read;
  const chunks = [entryOf(draftOf(['x']), { index: 2, baseOffset: 0 }).bytes];
  rig.tell({ kind: 'read-chunks-answer', id, incarnation, chunks, damaged: undefined });
}

for (const code of ['low_disk_space', 'memory_full'] as const) {
  test(`${code}: records are refused first, cursors when their reserve is used up too, and by name`, () => {
    const room: Room = {};
    const rig = leading({}, room);
    rig.produce(1, 0);
    rig.commit(2);
    assert.equal(told(rig), ['1: produced']);
    rig.answers.length = 0;

    room.noRoom = code;
    rig.produce(2, 1);
    assert.equal(told(rig), [`2: ${code} not_applied`]);
    rig.ask(3, { kind: 'consume', consumer: 'c', start: 1, noted: [] });
    serve(rig);
    rig.commit(3);
    rig.ask(4, { ...durable, owner: { consumer: 'd', session: 1 } });
    rig.commit(4);
    assert.equal(told(rig).slice(1), ['3: consumed', '4: push-opened']);
    rig.answers.length = 0;

    room.noReserve = code;
    rig.ask(5, { kind: 'consume', consumer: 'e', start: 1, noted: [] });
    serve(rig);
    rig.ask(6, { ...durable, owner: { consumer: 'f', session: 1 } });
    rig.ask(7, { ...durable, owner: undefined });
    rig.ask(8, { kind: 'size', consumer: 'e' });
    rig.ask(9, { kind: 'fetch', offset: offset(0), maxBytes: 1_000 });
    serve(rig);
    for (let round = 0; round < 3; round += 1) rig.confirm();
    assert.equal(told(rig).toSorted(), [
      `5: ${code} not_applied`,
      `6: ${code} not_applied`,
      '7: push-opened',
      '8: sized',
      '9: fetched',
    ]);
    rig.answers.length = 0;

    room.noRoom = undefined;
    room.noReserve = undefined;
    rig.ask(10, { kind: 'consume', consumer: 'e', start: 1, noted: [] });
    serve(rig);
    rig.commit(5);
    assert.equal(told(rig), ['10: consumed']);
  });
}

test.run();
