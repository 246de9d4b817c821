/** `npm run bench:compare BEFORE AFTER`: two result files of `npm run bench -- --json FILE`. */
import { readFileSync } from 'node:fs';
import { compare, describeComparison } from './suite/compare.ts';
import { reportSchema, type Report } from './suite/result.ts';

function read(file: string): Report {
  const result = reportSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!result.success) {
    throw new Error(`${file} is no result file of this benchmark: ${result.error.message}`);
  }
  return result.data;
}

const [before, after, ...more] = process.argv.slice(2);
if (before === undefined || after === undefined || more.length > 0) {
  process.stderr.write('usage: npm run bench:compare -- BEFORE.json AFTER.json\n');
  process.exitCode = 2;
} else {
  process.stdout.write(describeComparison(compare(read(before), read(after))));
}
