/** A machine without a program skips what needs it, and CI does not. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findProgram } from './program.ts';

const test = suite('programs');
const { CI } = process.env;

test.after.each(() => {
  if (CI === undefined) delete process.env['CI'];
  else process.env['CI'] = CI;
});

test('a program that is installed is found', () => {
  assert.match(findProgram('sh', 'dash') ?? '', /\/sh$/);
});

test('one that is not is told of and left out at home, and a failure under CI', () => {
  delete process.env['CI'];
  assert.is(findProgram('no-such-program-anywhere', 'some-package'), undefined);
  process.env['CI'] = 'true';
  assert.throws(
    () => findProgram('no-such-program-anywhere', 'some-package'),
    /apt-get install some-package/,
  );
});

test.run();
