/** Result files: the schema beside the code is the one that the code writes by. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { jsonSchema } from '../../bench/suite/json-schema.ts';
import { reportSchema } from '../../bench/suite/result.ts';
import { report, result } from './reports.ts';

const test = suite('bench results');
const committed = readFileSync(new URL('../../../bench/result.schema.json', import.meta.url), 'utf8');

test('the schema file is what the definition makes of itself', () => {
  assert.equal(JSON.parse(committed), JSON.parse(jsonSchema()), 'run node dist/bench/write-schema.js');
});

test('a report is valid by both, and one with a field missing or too many by neither', () => {
  const validate = new Ajv2020({ strict: false }).compile(JSON.parse(committed) as object);
  const good = report([result({ scenario: 'produce' })]);
  const { machine, ...without } = good;
  const bad: readonly unknown[] = [
    without,
    { ...good, more: 1 },
    { ...good, limits: { ...good.limits, fdatasyncMs: 'fast' } },
  ];
  assert.ok(validate(good), JSON.stringify(validate.errors));
  assert.ok(reportSchema.safeParse(good).success);
  assert.ok(machine.cores > 0);
  for (const one of bad) {
    assert.not(validate(one));
    assert.not(reportSchema.safeParse(one).success);
  }
});

test.run();
