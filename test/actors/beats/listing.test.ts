// What one node knows of another's leaderships, over a way that loses beats and answers.
import * as fc from 'fast-check';
import { groupId, term, type GroupId, type Term } from '@callboard/client/protocol';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Heard } from '../../../src/actors/beats/heard.ts';
import { Listing } from '../../../src/actors/beats/listing.ts';
import type { Beat, BeatAck } from '../../../src/actors/beats/messages.ts';
import { assertProperty } from '../../lib/properties.ts';

const test = suite('beats/listing');
const g = (id: number): GroupId => groupId(id);

function ackOf(heard: Heard, beat: Beat, except: readonly GroupId[] = []): BeatAck {
  const { session, number } = beat;
  const { version } = heard;
  return { kind: 'beat-ack', fromNode: 'n2', session, number, version, except, complete: true };
}

function exchange(listing: Listing, heard: Heard, except: readonly GroupId[] = []): Beat {
  const beat = listing.next('n1');
  assert.ok(beat);
  assert.ok(heard.beat(beat));
  listing.ack(ackOf(heard, beat, except));
  return beat;
}

function sync(listing: Listing, leads: ReadonlyMap<GroupId, Term>): void {
  for (const [group, inTerm] of leads) listing.set(group, inTerm);
  listing.prune((group) => leads.get(group));
}

test('a beat names what changed since the last one that was acknowledged', () => {
  const [listing, heard] = [new Listing(5, 100), new Heard()];
  sync(listing, new Map([[g(1), term(3)]]));
  assert.equal(exchange(listing, heard).groups, [1]);
  assert.equal(exchange(listing, heard).groups, []);
  sync(listing, new Map([[g(2), term(1)]]));
  const beat = listing.next('n1');
  assert.equal(
    new Map(beat?.groups.map((group, at) => [group, beat.terms[at]])),
    new Map([
      [1, 0],
      [2, 1],
    ]),
  );
  // Lost; the next one names it again.
  exchange(listing, heard);
  assert.equal([...heard.leads], [[2, 1]]);
});

test('a group counts as followed only in the listed term, acknowledged, not excepted, and not long ago', () => {
  const [listing, heard] = [new Listing(5, 100), new Heard()];
  const leads = new Map([
    [g(1), term(3)],
    [g(2), term(3)],
  ]);
  sync(listing, leads);
  assert.not(listing.isFollowed(g(1), term(3), 7));
  exchange(listing, heard, [g(2)]);
  assert.ok(listing.isFollowed(g(1), term(3), 7));
  assert.not(listing.isFollowed(g(2), term(3), 7), 'excepted');
  assert.not(listing.isFollowed(g(1), term(4), 7), 'another term');
  assert.not(listing.isFollowed(g(3), term(3), 7), 'not listed');
  for (let ticks = 0; ticks < 7; ticks += 1) listing.tick();
  assert.ok(listing.isFollowed(g(1), term(3), 7));
  listing.tick();
  assert.not(listing.isFollowed(g(1), term(3), 7), 'silent');
  leads.set(g(1), term(4));
  exchange(listing, heard);
  sync(listing, leads);
  assert.not(listing.isFollowed(g(1), term(4), 7), 'not yet acknowledged in this term');
});

test('an answer that could not name all exceptions vouches for nobody', () => {
  const [listing, heard] = [new Listing(5, 100), new Heard()];
  sync(listing, new Map([[g(1), term(3)]]));
  const beat = listing.next('n1');
  assert.ok(beat && heard.beat(beat));
  listing.ack({ ...ackOf(heard, beat), complete: false });
  assert.not(listing.isFollowed(g(1), term(3), 7));
});

test('answers of another session, from the past, or to beats that were never sent are void', () => {
  const [listing, heard] = [new Listing(5, 100), new Heard()];
  sync(listing, new Map([[g(1), term(3)]]));
  const beat = listing.next('n1');
  assert.ok(beat && heard.beat(beat));
  const ack = ackOf(heard, beat);
  for (const wrong of [
    { ...ack, session: 4 },
    { ...ack, number: 0 },
    { ...ack, number: 9 },
  ]) {
    listing.ack(wrong);
    assert.not(listing.isFollowed(g(1), term(3), 7));
  }
  listing.ack(ack);
  assert.ok(listing.isFollowed(g(1), term(3), 7));
});

test('a node that has forgotten everything is told everything', () => {
  const [listing, heard] = [new Listing(5, 100), new Heard()];
  sync(listing, new Map([[g(1), term(3)]]));
  exchange(listing, heard);
  const fresh = new Heard();
  exchange(listing, fresh);
  assert.is(fresh.leads.size, 0);
  assert.not(listing.isFollowed(g(1), term(3), 7), 'it knows of nothing');
  exchange(listing, fresh);
  assert.equal([...fresh.leads], [[1, 3]]);
});

test('a new session voids what the one before has said', () => {
  const [old, heard] = [new Listing(5, 100), new Heard()];
  sync(old, new Map([[g(1), term(3)]]));
  exchange(old, heard);
  assert.ok(heard.isLeading(g(1), term(3), 7));
  const next = new Listing(6, 100);
  sync(next, new Map([[g(2), term(1)]]));
  exchange(next, heard);
  assert.equal([...heard.leads], [[2, 1]]);
});

test('silence ends what a beat has said, and beats from the past do not break it', () => {
  const [listing, heard] = [new Listing(5, 100), new Heard()];
  sync(listing, new Map([[g(1), term(3)]]));
  const beat = exchange(listing, heard);
  for (let ticks = 0; ticks < 8; ticks += 1) heard.tick();
  assert.not(heard.isLeading(g(1), term(3), 7));
  assert.not(heard.beat(beat), 'a repeated beat is not answered');
  assert.not(heard.isLeading(g(1), term(3), 7));
});

test('whatever is lost or late, and however small a beat is, what was acknowledged is known as it was listed', () => {
  const change = fc.record({
    group: fc.integer({ min: 1, max: 6 }),
    term: fc.integer({ min: 0, max: 3 }),
    beatLost: fc.boolean(),
    ackLost: fc.boolean(),
    forgets: fc.integer({ min: 0, max: 9 }),
    /** So many beats ago one was sent that comes once more; 0 and what was never sent: none. */
    late: fc.integer({ min: 0, max: 9 }),
  });
  assertProperty(
    fc.property(fc.array(change, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (changes, rows) => {
      const listing = new Listing(1, rows);
      const leads = new Map<GroupId, Term>();
      let heard = new Heard();
      const beats: Beat[] = [];
      for (const each of changes) {
        if (each.term === 0) leads.delete(g(each.group));
        else leads.set(g(each.group), term(each.term));
        sync(listing, leads);
        if (each.forgets === 0) heard = new Heard();
        const late = each.late === 0 ? undefined : beats.at(-each.late);
        if (late !== undefined) heard.beat(late);
        const beat = listing.next('n1');
        if (beat !== undefined) beats.push(beat);
        if (beat === undefined || each.beatLost) continue;
        heard.beat(beat);
        if (each.ackLost) continue;
        listing.ack(ackOf(heard, beat));
        for (const [group, inTerm] of leads) {
          if (listing.isFollowed(group, inTerm, 7)) assert.is(heard.leads.get(group), inTerm);
        }
      }
      // The beats of one more group go on, and keep nothing believed that has ended.
      leads.set(g(7), term(1));
      for (let round = 0; round < 40; round += 1) {
        sync(listing, leads);
        const beat = listing.next('n1');
        assert.ok(beat);
        heard.beat(beat);
        listing.ack(ackOf(heard, beat));
      }
      assert.equal(new Map([...heard.leads].toSorted()), new Map([...leads].toSorted()));
    }),
    { numRuns: 500 },
  );
});

test('a node that forgot, and then took a beat from the past, is told of what has ended since', () => {
  const [listing, heard] = [new Listing(5, 100), new Heard()];
  const leads = new Map([[g(1), term(3)]]);
  sync(listing, leads);
  const past = exchange(listing, heard);
  leads.set(g(2), term(1));
  leads.delete(g(1));
  sync(listing, leads);
  exchange(listing, heard);
  sync(listing, leads);
  assert.is(listing.rows, 1, 'the end of the first is known there');
  const forgetful = new Heard();
  assert.ok(forgetful.beat(past));
  for (let beats = 0; beats < 3; beats += 1) exchange(listing, forgetful);
  assert.equal([...forgetful.leads], [[2, 1]]);
});

test('a node that was told of what has ended since hears that nothing of it is left', () => {
  const [listing, heard] = [new Listing(5, 1), new Heard()];
  const leads = new Map([[g(1), term(1)]]);
  sync(listing, leads);
  exchange(listing, heard);
  leads.set(g(2), term(1));
  sync(listing, leads);
  exchange(listing, heard);
  sync(listing, new Map());
  const beat = exchange(listing, heard);
  assert.is.not(beat.session, 5);
  assert.is(heard.leads.size, 0);
  assert.is(listing.next('n1'), undefined, 'it has answered, and there is nothing more to say');
});

test('what was led and ended while the other node was away does not pile up', () => {
  const listing = new Listing(5, 2_048);
  for (let id = 1; id <= 10_000; id += 1) {
    sync(listing, new Map([[g(id), term(1)]]));
    listing.next('n1');
  }
  assert.ok(listing.rows < 5_000, `${listing.rows} rows`);
});

test.run();
