/** Directed runs of producers that a partition has forgotten, and of clocks that must not make it forget them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PartitionAnswer } from '../../src/actors/partition-replica/messages.ts';
import { play, slipIn } from './scenario.ts';

const group = 1;

/** What a slipped-in batch was answered: its offset, or the code of its refusal. */
function short(answer: PartitionAnswer): number | string {
  if (answer.kind === 'produced') return answer.baseOffset;
  return answer.kind === 'partition-failed' ? answer.error.code : answer.kind;
}

test('S4: a retry after the partition has forgotten its producer is stored by nobody, and who follows the refusal comes in', () => {
  const told: (number | string)[] = [];
  play(
    'forgotten',
    ({ world, at, leader }) => {
      const producerId = new Uint8Array(16).fill(7);
      let nextEpoch = 0;
      const send = (id: number, producerEpoch: number, then: (answer: number | string) => void): void =>
        slipIn(world, leader(group), group, id, { producerId, producerEpoch }, (answer) => {
          if (answer.kind === 'partition-failed') nextEpoch = answer.error.nextEpoch ?? 0;
          then(short(answer));
        });
      const follow = (id: number, tries: number, then: (epoch: number) => void): void => {
        const epoch = nextEpoch;
        send(id, epoch, (answer) => {
          if (answer === 'producer_expired' && tries > 0) follow(id, tries - 1, then);
          else {
            told.push(answer);
            then(epoch);
          }
        });
      };
      const tell = (answer: number | string): number => told.push(answer);
      at(8_000, () => {
        follow(1_000_000, 3, (epoch) => {
          at(2_000, () => send(1_000_000, epoch, tell));
          at(14_000, () => send(1_000_000, epoch, tell));
          at(16_000, () => follow(1_000_001, 3, () => undefined));
        });
      });
    },
    (settings) => ({ ...settings, limits: { ...settings.limits, producerIdleMs: 5_000 } }),
    1,
  );
  const [first, again, late, fresh] = told;
  assert.type(first, 'number');
  assert.is(again, first, 'it is still known after two seconds');
  assert.is(late, 'producer_expired');
  assert.type(fresh, 'number');
});

test("S4: a leader's clock and a record's date that are wrong by days make nobody forgotten", () => {
  const told: (number | string)[] = [];
  const daysMs = 40 * 24 * 3_600_000;
  play(
    'wrong clock',
    ({ world, at, leader }) => {
      const producerId = new Uint8Array(16).fill(7);
      const send = (id: number, producer: Uint8Array): void => {
        const node = leader(group);
        const firstTimestamp = Math.floor(node.clock?.wallTime() ?? 1);
        slipIn(world, node, group, id, { producerId: producer, firstTimestamp }, (answer) =>
          told.push(short(answer)),
        );
      };
      at(8_000, () => send(1_000_000, producerId));
      at(9_000, () => {
        const node = leader(group);
        node.stepWall(daysMs);
        for (let n = 1; n <= 3; n += 1) send(1_000_000 + n, new Uint8Array(16).fill(100 + n));
        at(2_000, () => {
          send(1_000_000, producerId);
          at(1_000, () => node.stepWall(-daysMs));
        });
      });
    },
    (settings) => settings,
    1,
  );
  assert.is(told.length, 5);
  assert.is(told[4], told[0], 'the retry is answered as its original was');
});

test.run();
