// weight: heavy
/** Bodies that are dear to read or to print, several at a time. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { repeats } from '../lib/effort.ts';
import { eventually } from '../lib/eventually.ts';
import { besides } from './lib/besides.ts';
import { onTarget } from './lib/target.ts';

const test = suite('security: payloads');
const target = onTarget(test);

const bytes = (2 << 20) - 4_096;

function filled(before: string, part: string, after: string): string {
  return (
    before + part.repeat(Math.floor((bytes - before.length - after.length) / Buffer.byteLength(part))) + after
  );
}

/** By what is dear about them; each with the beginning of what is answered. */
const bodies: readonly (readonly [what: string, body: string, answer: RegExp])[] = [
  ['escapes', filled('{"name":1,"x":"', '\\u0001', '"}'), /1 is not of type 'string'/],
  ['escaped quotes', filled('{"name":1,"x":"', '\\"', '"}'), /1 is not of type 'string'/],
  ['backslashes', filled('"', '\\\\', '"'), /is not of type 'object'/],
  ['an open string', filled('{"name":"', '\\"', ''), /valid JSON/],
  ['text to be escaped', filled('["', '\\u0007', '"]'), /is not of type 'object'/],
  ['wide characters', filled('{"name":["', '\u{e0001}', '"]}'), /is not of type 'string'/],
  ['a list', filled('[', '1,', '1]'), /valid JSON/],
  ['a list that is taken', `{"name":[${'1,'.repeat(15_000)}1]}`, /is not of type 'string'/],
  ['names', filled('{', '"a":1,', '"name":1}'), /valid JSON/],
  ['depth', '['.repeat(bytes), /valid JSON/],
  ['a number', filled('{"name":', '9', '}'), /is not of type 'string'/],
  ['a fraction', filled('{"name":0.', '9', '}'), /is not of type 'string'/],
  ['blanks', filled('{"name":', ' ', '1}'), /1 is not of type 'string'/],
];

test('what is dear to read or to print is bounded before it is built', async () => {
  await besides(target(), async (attacker, healthy) => {
    for (const [what, body, answer] of bodies) {
      const head = [
        'POST /topics HTTP/1.1',
        'host: localhost',
        'content-type: application/json',
        'connection: close',
      ];
      const whole = `${head.join('\r\n')}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
      for (let round = 0; round < repeats(1, 5); round += 1) {
        const lines = await attacker.lines(4, whole);
        await eventually(`all are answered: ${what}`, () => lines.every(({ closed }) => closed));
        for (const { statuses, text } of lines) {
          assert.equal(statuses, [400], what);
          assert.match(text, answer, what);
          assert.ok(text.length < 500_000, `${what}: ${text.length} characters`);
        }
      }
      await healthy.worksOn(1);
    }
  });
});

test.run();
