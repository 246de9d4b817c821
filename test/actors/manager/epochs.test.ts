// What a manager makes of its leaders' word that they have forgotten producers.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { groupId } from '@callboard/client/protocol';
import { Epochs } from '../../../src/actors/manager/epochs.ts';
import type { DirectoryCommand } from '../../../src/directory/index.ts';
import { machine, readyTopic } from '../../directory/machines.ts';

test('a raise is asked for until the directory has it, one at a time for each topic, above the highest of its partitions', () => {
  const directory = machine();
  const [first, second] = readyTopic(directory, 't', 2).partitions;
  assert.ok(first !== undefined && second !== undefined);
  const asked: DirectoryCommand[] = [];
  let open = true;
  const epochs = new Epochs((command) => {
    asked.push(command);
    return () => open;
  });
  epochs.heard(first.group, 4);
  epochs.heard(second.group, 9);
  epochs.heard(second.group, 2);
  for (let n = 0; n < 3; n += 1) epochs.repeat(directory);
  assert.equal(asked, [{ kind: 'raise-epoch', topic: 't', epoch: 10 }]);
  open = false;
  epochs.repeat(directory);
  assert.is(asked.length, 2, 'it was given up, and is asked for again');
  for (const command of asked) directory.apply(command);
  for (let n = 0; n < 3; n += 1) epochs.repeat(directory);
  assert.is(asked.length, 2);
  epochs.heard(first.group, 9);
  epochs.repeat(directory);
  assert.is(asked.length, 2, 'who registers now comes in above that already');
  epochs.heard(first.group, 10);
  epochs.repeat(directory);
  assert.equal(asked.at(-1), { kind: 'raise-epoch', topic: 't', epoch: 11 });
});

test('of a group that belongs to no topic nothing is asked or kept', () => {
  const asked: DirectoryCommand[] = [];
  const epochs = new Epochs((command) => {
    asked.push(command);
    return () => false;
  });
  const directory = machine();
  epochs.heard(groupId(1), 4);
  epochs.repeat(directory);
  readyTopic(directory, 't', 1);
  epochs.repeat(directory);
  assert.equal(asked, []);
});

test.run();
