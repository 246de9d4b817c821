// What a replica asks of its node's LogReader: nothing stale is served (S7), and damage is never dropped with whoever asked.
import { groupId, logIndex, offset } from '@callboard/client/protocol';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LogReaderMessage, ReadChunksAnswer } from '../../../src/actors/log-reader/messages.ts';
import type { PartitionReplicaMessage } from '../../../src/actors/partition-replica/messages.ts';
import { LogReads } from '../../../src/actors/partition-replica/log-reads.ts';
import type { Context } from '../../../src/kernel/index.ts';
import { draftOf, entryOf } from '../../lib/chunks.ts';

const test = suite('partition-replica/log-reads');

/** The log has entries of term 3; the reader is by hand. */
class Rig {
  readonly asked: LogReaderMessage[] = [];
  readonly told: string[] = [];
  readonly damages: number[] = [];
  readonly reads: LogReads;

  constructor() {
    const self = { node: 'n1', shard: 0, id: 'partition/1' };
    const send = (_to: unknown, message: unknown): 'accepted' => {
      this.asked.push(message as LogReaderMessage);
      return 'accepted';
    };
    this.reads = new LogReads({
      context: { self, incarnation: 7, send } as unknown as Context<PartitionReplicaMessage>,
      group: groupId(1),
      maxIndex: () => logIndex(50),
      holds: ({ term }) => term === 3,
      damaged: (index) => void this.damages.push(index),
    });
  }

  ask(): number {
    this.reads.chunks(
      { offset: offset(4), upTo: offset(9), maxChunks: 10, maxBytes: 100 },
      (chunks, damaged) => {
        this.told.push(`${chunks.length} chunks, damaged ${damaged ?? 'nowhere'}`);
      },
    );
    return (this.asked.at(-1) as { readonly id: number }).id;
  }

  answer(id: number, more: Partial<ReadChunksAnswer>): void {
    const base = { kind: 'read-chunks-answer', incarnation: 7, id, chunks: [], damaged: undefined } as const;
    this.reads.answered({ ...base, ...more });
  }
}

function chunk(index: number, term: number): Uint8Array {
  return entryOf(draftOf(['a']), { index, term, baseOffset: index - 2 }).bytes;
}

test('what the log holds is handed on', () => {
  const rig = new Rig();
  rig.answer(rig.ask(), { chunks: [chunk(6, 3), chunk(7, 3)] });
  assert.equal([rig.told, rig.damages], [['2 chunks, damaged nowhere'], []]);
});

test('an intact entry of another term than the log has there is damage, and nothing of that read is served', () => {
  const rig = new Rig();
  rig.answer(rig.ask(), { chunks: [chunk(6, 3), chunk(7, 2)] });
  assert.equal([rig.told, rig.damages], [['0 chunks, damaged 7'], [7]]);
});

test('damage is told whether or not there was something to serve before it', () => {
  const rig = new Rig();
  rig.answer(rig.ask(), { damaged: logIndex(6) });
  rig.answer(rig.ask(), { chunks: [chunk(6, 3)], damaged: logIndex(7) });
  assert.equal(rig.told, ['0 chunks, damaged 6', '1 chunks, damaged nowhere']);
  assert.equal(rig.damages, [6, 7]);
});

test('an answer to an earlier incarnation says nothing: the log has been opened anew since', () => {
  const rig = new Rig();
  rig.answer(rig.ask(), { incarnation: 6, damaged: logIndex(6) });
  assert.equal([rig.told, rig.damages], [[], []]);
});

test.run();
