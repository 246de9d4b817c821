import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Outbox } from '../../src/raft/outbox.ts';
import type { RaftMessage } from '../../src/raft/index.ts';
import { between, term } from './kit.ts';

function vote(inTerm: number): RaftMessage {
  return { kind: 'vote-reply', ...between(1, 2, inTerm), granted: true };
}

test('thesis 10.2.1: a promise leaves when its token is written, and in order', () => {
  const outbox = new Outbox();
  const [first, second, third] = [vote(1), vote(1), vote(1)];
  outbox.hold(1, term(1), first);
  outbox.hold(1, term(1), second);
  outbox.hold(2, term(1), third);
  assert.equal(outbox.release(0, term(1)), []);
  assert.equal(outbox.release(1, term(1)), [first, second]);
  assert.equal(outbox.release(1, term(1)), []);
  assert.equal(outbox.release(5, term(1)), [third]);
});

test('B29: a promise of an older term is dropped when its token comes', () => {
  const outbox = new Outbox();
  const later = vote(2);
  outbox.hold(1, term(1), vote(1));
  outbox.hold(2, term(2), later);
  assert.equal(outbox.release(2, term(2)), [later]);
  assert.equal(outbox.release(9, term(1)), []);
});

test.run();
