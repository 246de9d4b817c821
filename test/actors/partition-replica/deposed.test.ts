// A leader of three that may have been deposed without knowing it: what it may say for good, and when.
import { logIndex, offset, term } from '@callboard/client/protocol';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { draftOf, emptyDraft, entryOf } from '../../lib/chunks.ts';
import { leading, told, type Leading } from './leading.ts';

function later(rig: Leading): void {
  rig.hear('n3', { kind: 'heartbeat', term: term(2), commit: logIndex(0), last: logIndex(1), context: 1 });
}

function codes({ answers }: Leading): readonly string[] {
  return answers.map((answer) => ('error' in answer ? answer.error.code : answer.kind));
}

test('a sequence is refused for good only by a leader that a majority has confirmed since', () => {
  const rig = leading();
  rig.produce(1, 7);
  assert.equal(told(rig), [], 'nobody has confirmed it yet');
  rig.confirm();
  assert.equal(told(rig), ['1: sequence_gap not_applied']);
});

test('one that learns of a later term instead sends the producer on: others may know the sequence', () => {
  const rig = leading();
  rig.produce(1, 7);
  later(rig);
  assert.equal(told(rig), ['1: not_leader not_applied']);
});

/** One record is committed and can be read; a fetch of it has been asked, and read. */
function fetching(): Leading {
  const rig = leading();
  rig.produce(1, 0);
  rig.commit(2);
  assert.equal(told(rig), ['1: produced']);
  rig.ask(2, { kind: 'fetch', offset: offset(0), maxBytes: 1_000 });
  const read = rig.reads.at(-1);
  assert.ok(read?.kind === 'read-chunks');
  const chunks = [entryOf(draftOf(['x']), { index: 2, baseOffset: 0 }).bytes];
  const { id, incarnation } = read;
  rig.tell({ kind: 'read-chunks-answer', id, incarnation, chunks, damaged: undefined });
  assert.equal(told(rig), ['1: produced'], 'where the log ends is not confirmed yet');
  return rig;
}

test('S13: a read says where the log ends only when a majority has confirmed the leader after it was asked', () => {
  const rig = fetching();
  rig.confirm();
  const answer = rig.answers.at(-1);
  assert.ok(answer?.kind === 'fetched');
  assert.equal([answer.id, answer.end, answer.chunks.length], [2, 1, 1]);
});

test('S13: a leader that learns of a later term answers no read: others may have records that it lacks', () => {
  const rig = fetching();
  later(rig);
  assert.equal(told(rig), ['1: produced', '2: not_leader not_applied']);
});

/** The first batch of the producer is stored and was answered. */
function stored(): Leading {
  const rig = leading();
  rig.produce(1, 0);
  rig.commit(2);
  assert.equal(told(rig), ['1: produced']);
  rig.answers.length = 0;
  return rig;
}

test('a batch that is stored already is acknowledged again only by a leader that a majority has confirmed since', () => {
  const rig = stored();
  rig.produce(2, 0);
  assert.equal(told(rig), [], 'nobody has confirmed it yet: the topic may have been removed');
  rig.confirm();
  assert.equal(told(rig), ['2: produced']);
});

test('one that is deposed meanwhile leaves it open what became of a repeated batch', () => {
  const rig = stored();
  rig.produce(2, 0);
  later(rig);
  assert.equal(told(rig), ['2: not_leader unknown']);
});

test('a lookup and an anonymous subscription begin nowhere at a leader that could not confirm that it leads', () => {
  for (const start of [{ at: 'latest', value: 0 } as const, { at: 'offset', value: 0 } as const]) {
    const rig = leading();
    rig.ask(1, { kind: 'locate', position: start });
    rig.ask(2, { kind: 'push-open', owner: undefined, start, reset: false });
    assert.equal(rig.answers, [], 'nobody has confirmed it yet');
    rig.hear('n3', { kind: 'heartbeat', term: term(2), commit: logIndex(0), last: logIndex(1), context: 1 });
    assert.equal(codes(rig).toSorted(), ['not_leader', 'not_leader']);
  }
});

test('what a leadership has not applied is no duplicate in the next one of the same replica', () => {
  const rig = leading();
  const first = rig.said('append');
  assert.ok(first?.kind === 'append');
  const [noop] = first.entries;
  assert.ok(noop);
  rig.produce(1, 0);
  // Its entry is replaced by the first one of node 3's term, which is committed.
  const theirs = entryOf(emptyDraft('noop'), { index: 2, term: 2, previous: noop.checksum });
  const place = {
    prevIndex: logIndex(1),
    prevTerm: term(1),
    commit: logIndex(2),
    last: logIndex(2),
    stream: 0,
  };
  rig.hear('n3', { kind: 'append', term: term(2), ...place, entries: [theirs] });
  rig.written();
  assert.equal(codes(rig), ['not_leader']);
  // Then this replica leads once more.
  const asked = (kind: 'pre-vote' | 'vote'): boolean => rig.said(kind)?.term === 3;
  for (let waited = 0; !asked('pre-vote') && waited < 100; waited += 1) rig.kit.pass(100);
  rig.hear('n2', { kind: 'pre-vote-reply', term: term(3), granted: true });
  rig.written();
  assert.ok(asked('vote'));
  rig.hear('n2', { kind: 'vote-reply', term: term(3), granted: true });
  rig.written();
  const ack = (at: number): object => {
    const index = logIndex(at);
    const end = { index, hintIndex: index, hintTerm: term(3), stream: 0 };
    return { kind: 'append-reply', outcome: 'ack', term: term(3), ...end };
  };
  rig.hear('n2', ack(3));
  rig.produce(2, 0);
  rig.written();
  rig.hear('n2', ack(4));
  assert.equal(codes(rig), ['not_leader', 'produced']);
});

test.run();
