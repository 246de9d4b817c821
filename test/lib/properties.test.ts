import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { full } from './effort.ts';
import { assertProperty } from './properties.ts';

function drawn(): readonly number[] {
  const seen: number[] = [];
  assertProperty(fc.property(fc.integer(), (number) => void seen.push(number)));
  return seen;
}

test('a property is tried on the same cases each time, or on fresh ones in a full run', () => {
  const [first, second] = [drawn(), drawn()];
  assert.is(first.length, 100);
  if (!full) assert.equal(first, second);
  else if (process.env['PROPERTY_SEED'] === undefined) assert.not.equal(first, second);
});

test('a property that does not hold throws with its seed', () => {
  const never = fc.property(fc.integer(), () => false);
  assert.throws(() => assertProperty(never, { seed: 7 }), /seed: 7/);
});

test('every property is checked in this way', () => {
  const root = join(findRepoRoot(import.meta.url), 'test');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const others = files.filter((name) => !name.startsWith(join('lib', 'properties')));
  assert.ok(others.length > 100);
  const direct = others.filter((name) =>
    /\bfc\.(?:assert|check)\(/.test(readFileSync(join(root, name), 'utf8')),
  );
  assert.equal(direct, []);
});

test.run();
