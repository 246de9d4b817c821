import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pino } from 'pino';
import { refTo } from '../../src/kernel/index.ts';
import { PinoTrace } from '../../src/node/ports/pino-trace.ts';
import { SimClock } from '../../sim/ports/sim-clock.ts';
import { SimLoop } from '../../sim/ports/sim-loop.ts';

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly actor?: string;
  readonly event?: string;
  readonly suppressed?: number;
  readonly fields?: Readonly<Record<string, unknown>>;
}

function newTrace() {
  const loop = new SimLoop({ seed: 1 });
  const lines: Line[] = [];
  const logger = pino({ level: 'debug' }, { write: (text) => void lines.push(JSON.parse(text) as Line) });
  const trace = new PinoTrace({ logger, clock: new SimClock(loop, 'n1') });
  return { loop, lines, trace };
}

const actor = refTo('n1', 'a');

test('a note becomes one line with its actor and its fields', () => {
  const { lines, trace } = newTrace();
  trace.note(actor, 'info', 'raft.elected', { term: 7, leader: true, level: 'mine', nothing: undefined });
  assert.is(lines.length, 1);
  assert.is(lines[0]?.msg, 'raft.elected');
  assert.is(lines[0]?.actor, 'n1/0/a');
  assert.is(lines[0]?.level, 30, 'a field cannot take the place of the level');
  assert.equal(lines[0]?.fields, { term: 7, leader: true, level: 'mine' });
});

test('text is cut to 256 characters', () => {
  const { lines, trace } = newTrace();
  trace.note(actor, 'debug', 'long', { text: 'x'.repeat(10_000) });
  assert.is(String(lines[0]?.fields?.['text']).length, 256);
});

test('a flood of one warning is held back and its size told; other events are not touched', () => {
  const { loop, lines, trace } = newTrace();
  for (let i = 0; i < 1000; i += 1) trace.note(actor, 'warn', 'flood');
  trace.note(actor, 'error', 'other');
  assert.is(lines.filter((line) => line.msg === 'flood').length, 20);
  assert.is(lines.filter((line) => line.msg === 'other').length, 1);
  loop.run(2_000_000);
  const told = lines.filter((line) => line.msg === 'trace.suppressed');
  assert.is(told.length, 1);
  assert.is(told[0]?.event, 'flood');
  assert.is(told[0]?.suppressed, 980);
  trace.note(actor, 'warn', 'flood');
  assert.is(lines.filter((line) => line.msg === 'flood').length, 21);
});

test('lines for debugging are not limited; info lines of one event are', () => {
  const { lines, trace } = newTrace();
  for (let i = 0; i < 100; i += 1) trace.note(actor, 'debug', 'asked for');
  assert.is(lines.length, 100);
  for (let i = 0; i < 100; i += 1) trace.note(actor, 'info', 'steady');
  assert.is(lines.length, 120);
});

test('event names made from data share one allowance once there are too many', () => {
  const { lines, trace } = newTrace();
  for (let i = 0; i < 2000; i += 1) trace.note(actor, 'warn', `event ${i}`);
  assert.is(lines.length, 1024 + 20);
});

test.run();
