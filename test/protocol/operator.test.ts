// Operators' frames: apart from the others, and each reads back as it was written.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  anyClientFrames,
  anyNodeFrames,
  clientFrames,
  nodeFrames,
  packFrame,
  type AnyNodeFrame,
  type OperatorFrame,
} from '@callboard/client/protocol';

const frames: readonly OperatorFrame[] = [
  { kind: 'authorize', correlation: 1, token: 't' },
  { kind: 'cluster-status', correlation: 2 },
  { kind: 'list-actors', correlation: 3, node: '' },
  { kind: 'ask-actor', correlation: 4, node: 'n', actor: 'partition/1' },
  { kind: 'trace-actor', correlation: 5, node: 'n', actor: 'manager', messages: 3 },
  { kind: 'change-broker', correlation: 6, action: 'deactivate', broker: 'b' },
  { kind: 'remove-topic', correlation: 7, topic: 'orders' },
];

const counts = {
  incarnation: 1,
  restarts: 0,
  control: 0,
  data: 2,
  dataCapacity: 8,
  refused: 1,
  handled: 9,
  ageMs: 4,
};
const actor = { id: 'gateway', state: 'running', ...counts };
const answers: readonly AnyNodeFrame[] = [
  { kind: 'done', correlation: 1 },
  { kind: 'actor-list', correlation: 3, node: 'n', actors: [actor], omitted: 0 },
  { kind: 'actor-detail', correlation: 4, node: 'n', actor, details: '{"a":1}' },
  {
    kind: 'traced',
    correlation: 5,
    messages: [{ at: 5, message: 'tick', lane: 'control', waitedMicros: 1, tookMicros: 2 }],
  },
  { kind: 'traced', correlation: 5, messages: [], ended: 'complete' },
  {
    kind: 'cluster-report',
    correlation: 2,
    node: 'n',
    clusterId: 'c',
    primary: undefined,
    topics: 1,
    partitions: 2,
    deleting: ['old'],
    removals: [{ topic: 'old', partitions: 2, over: 1, waitsFor: ['n2'] }],
    nodes: [{ name: 'n', url: undefined, broker: 'active', facts: undefined }],
  },
];

test('every frame reads back as it was written, and has a number from 80 to 95', () => {
  for (const frame of frames) {
    const wire = anyClientFrames.encode(frame);
    assert.ok(Number(wire[0]) >= 80 && Number(wire[0]) <= 95, frame.kind);
    assert.equal(anyClientFrames.decode(wire), frame);
    packFrame(wire);
  }
  for (const answer of answers) {
    const wire = anyNodeFrames.encode(answer);
    assert.ok(Number(wire[0]) >= 80 && Number(wire[0]) <= 95, answer.kind);
    assert.equal(anyNodeFrames.decode(wire), answer);
  }
});

/** What the client library asks for too, for whoever gives it the admin token. */
const shared: ReadonlySet<string> = new Set(['authorize', 'remove-topic', 'done']);

test('programs that are no operators know few of them, and operators know all the others', () => {
  for (const frame of frames) {
    if (shared.has(frame.kind)) assert.equal(clientFrames.decode(anyClientFrames.encode(frame)), frame);
    else assert.throws(() => clientFrames.decode(anyClientFrames.encode(frame)), /no known message/);
  }
  for (const answer of answers) {
    if (shared.has(answer.kind)) assert.equal(nodeFrames.decode(anyNodeFrames.encode(answer)), answer);
    else assert.throws(() => nodeFrames.decode(anyNodeFrames.encode(answer)), /no known message/);
  }
  const ping = { kind: 'ping', correlation: 1 } as const;
  assert.equal(anyClientFrames.decode(clientFrames.encode(ping)), ping);
});

test.run();
