// The whole contract against three doors with a model of the cluster behind them.
import { test } from 'uvu';
import { forgetConnections } from './client.ts';
import { contractCases } from './contract.ts';
import { adminToken, openDoor } from './kit.ts';
import type { TestDoor } from './kit.ts';
import { Model, ModelGateway } from './model.ts';

const doors: TestDoor[] = [];

test.before(async () => {
  const model = new Model();
  for (let node = 0; node < 3; node += 1) {
    const gateway = new ModelGateway(model);
    doors.push(await openDoor({ answering: (message, answer) => answer(gateway.answer(message.call)) }));
  }
});

test.after(async () => {
  forgetConnections();
  await Promise.all(doors.map((door) => door.close()));
});

const bases = (): string[] => doors.map(({ base }) => base);
for (const { name, run } of contractCases(bases, adminToken, { brokers: ['broker-1'] })) test(name, run);

test.run();
