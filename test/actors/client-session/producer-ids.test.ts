import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ProducerIds } from '../../../src/actors/client-session/producer-ids.ts';
import { draftOf } from '../../lib/chunks.ts';

const limits = { clientProducersAtOnce: 3, clientProducersPerSecond: 10 };
const chunk = (n: number) => draftOf(['x'], { producerId: n.toString(16).padStart(32, '0') });

test('so many producers at once, then so many new ones per second; those of late are free', () => {
  const ids = new ProducerIds(limits);
  for (const n of [1, 2, 3, 3, 1, 2, 2]) assert.is(ids.refusal(chunk(n), 0), undefined);
  const refused = ids.refusal(chunk(4), 0);
  assert.is(refused?.code, 'overloaded');
  assert.is(refused?.retryAfterMs, 100);
  assert.is(ids.refusal(chunk(1), 0), undefined);
  assert.is(ids.refusal(chunk(4), 100), undefined);
  assert.is(ids.refusal(chunk(3), 100)?.code, 'overloaded', 'the oldest was forgotten for it');
});

test.run();
