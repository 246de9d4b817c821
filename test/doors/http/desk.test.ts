import { defaultLimits, type CallError } from '@callboard/client/protocol';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FragileActor, Fuse } from '../../../sim/observe/fragile-actor.ts';
import type {
  CallAnswer,
  CallValue,
  GatewayCall,
  GatewayMessage,
} from '../../../src/actors/gateway/messages.ts';
import { Desk, deskRestarts, type HandOver } from '../../../src/doors/http/desk.ts';
import type { Actor } from '../../../src/kernel/index.ts';
import { newKit, type Kit } from '../../kernel/kit.ts';

interface Heard {
  readonly value: CallValue | undefined;
  readonly error: CallError;
}

interface Rig {
  readonly kit: Kit;
  readonly fuse: Fuse;
  readonly heard: Heard[];
  readonly taken: GatewayMessage[];
  ask(): void;
}

const limits = { ...defaultLimits, callDeadlineMs: 2_000 };

/** A desk and a gateway that takes calls, and answers them only if it is told to. */
function newRig(answers: boolean, dataCapacity = 8): Rig {
  const kit = newKit();
  const fuse = new Fuse(() => undefined);
  const taken: GatewayMessage[] = [];
  const gateway: Actor<GatewayMessage> = {
    receive: (message, context) => {
      taken.push(message);
      if (message.kind !== 'call' || !answers) return;
      const value: CallValue = { op: 'locate', topics: [] };
      context.send(
        message.replyTo,
        { kind: 'call-answer', id: message.id, value, error: undefined },
        'control',
      );
    },
  };
  kit.system.spawn('gateway', () => gateway, { dataCapacity });
  const desk = new Desk('n1', limits);
  kit.system.spawn('http-door', () => new FragileActor(desk.actor(), fuse), { restart: deskRestarts });
  const heard: Heard[] = [];
  const ask = (): void =>
    desk.ask({ op: 'locate', topics: [] }, (value, error) => void heard.push({ value, error }));
  return { kit, fuse, heard, taken, ask };
}

test('a call is refused before the desk has started, and answered with its value after', () => {
  const { kit, heard, ask } = newRig(true);
  ask();
  assert.is(heard[0]?.error.code, 'unavailable');
  assert.is(heard[0]?.error.outcome, 'not_applied');
  kit.settle();
  ask();
  kit.settle();
  assert.is(heard.length, 2);
  assert.ok(heard[1]?.value);
});

test('a gateway that says nothing is given up at the deadline, as unknown, and its late answer is nothing', () => {
  const { kit, heard, ask } = newRig(false);
  kit.settle();
  ask();
  kit.pass(limits.callDeadlineMs - 10);
  assert.is(heard.length, 0);
  kit.pass(300);
  assert.is(heard.length, 1);
  assert.is(heard[0]?.error.code, 'timeout');
  assert.is(heard[0]?.error.outcome, 'unknown');
});

test('calls are refused as overloaded when the gateway takes no more, and the others are not touched', () => {
  const { kit, heard, ask } = newRig(true, 3);
  kit.settle();
  for (let n = 0; n < 5; n += 1) ask();
  assert.equal(
    heard.map(({ error }) => error.code),
    ['overloaded', 'overloaded'],
  );
  kit.settle();
  assert.is(heard.filter(({ value }) => value !== undefined).length, 3);
});

test('the end of the gateway answers what it had taken, as unknown, once', () => {
  const { kit, heard, ask } = newRig(false);
  kit.settle();
  ask();
  ask();
  kit.settle();
  const gateway = kit.system.find('gateway');
  assert.ok(gateway);
  kit.system.stop(gateway);
  kit.settle();
  assert.equal(
    heard.map(({ error }) => [error.code, error.outcome]),
    [
      ['unavailable', 'unknown'],
      ['unavailable', 'unknown'],
    ],
  );
  kit.pass(limits.callDeadlineMs * 2);
  assert.is(heard.length, 2);
});

test('a desk that fails again and again still answers at the deadline', () => {
  const { kit, fuse, heard, ask } = newRig(false);
  kit.settle();
  ask();
  fuse.arm(true, 9);
  kit.pass(limits.callDeadlineMs + 400);
  assert.is(heard.length, 1);
  assert.is(heard[0]?.error.code, 'timeout');
});

interface TakeRig {
  readonly kit: Kit;
  readonly fuse: Fuse;
  readonly calls: GatewayCall[];
  readonly words: string[];
  readonly handed: HandOver[];
  readonly cancelled: number[];
  ask(): void;
  answer(call: number): void;
}

/** A desk whose consumes are answered, and handed over, as the test says. */
function newTakeRig(): TakeRig {
  const kit = newKit();
  const fuse = new Fuse(() => undefined);
  const calls: GatewayCall[] = [];
  const words: string[] = [];
  const handed: HandOver[] = [];
  const cancelled: number[] = [];
  kit.system.spawn<GatewayMessage>('gateway', () => ({
    receive: (message) => {
      if (message.kind === 'call') calls.push(message);
      if (message.kind === 'call-heard') words.push(`${message.id} ${message.handed}`);
      if (message.kind === 'door-restarted') words.push(`open ${message.open.join()}`);
    },
  }));
  const desk = new Desk('n1', limits);
  kit.system.spawn('http-door', () => new FragileActor(desk.actor(), fuse), { restart: deskRestarts });
  kit.settle();
  const consume = { op: 'consume', topic: 't', consumer: 'c', partition: 0 } as const;
  return {
    kit,
    fuse,
    calls,
    words,
    handed,
    cancelled,
    ask: () => {
      desk.ask(consume, (value, _, handOver) => {
        if (value === undefined) return;
        const place = handed.push(handOver) - 1;
        handOver.onCancel(() => cancelled.push(place));
      });
      kit.settle();
    },
    answer: (call) => {
      const { id, replyTo } = calls[call] as GatewayCall;
      const value = { op: 'consume', partition: 0, offset: 0, value: new Uint8Array(0) } as const;
      kit.system.send<CallAnswer>(replyTo, { kind: 'call-answer', id, value, error: undefined }, 'control');
      kit.settle();
    },
  };
}

test('S11: the first word about a record counts, and is told', () => {
  const rig = newTakeRig();
  rig.ask();
  rig.answer(0);
  assert.equal(rig.words, []);
  rig.handed[0]?.settle(true);
  rig.handed[0]?.settle(false);
  rig.kit.settle();
  assert.equal(rig.words, ['1 true']);
});

test('S11: of a consume that was given up the gateway hears at once, and again when its answer comes after all', () => {
  const rig = newTakeRig();
  rig.ask();
  rig.kit.pass(limits.callDeadlineMs + 300);
  assert.equal(rig.words, ['1 false']);
  rig.answer(0);
  assert.equal(rig.words, ['1 false', '1 false']);
  assert.is(rig.handed.length, 0);
});

test('S11: a desk that fails calls off what it was handing over, and says so with what it can still answer', () => {
  const rig = newTakeRig();
  for (let n = 0; n < 4; n += 1) rig.ask();
  rig.answer(0);
  rig.answer(1);
  rig.handed[0]?.settle(true);
  // The answer to the third call ends the desk's actor, and is lost with it.
  rig.fuse.arm(true, 1);
  rig.answer(2);
  assert.equal(rig.cancelled, [1]);
  rig.handed[1]?.settle(true);
  rig.kit.pass(50);
  assert.equal(rig.words, ['1 true', '2 false', 'open 3,4']);
  rig.kit.pass(limits.callDeadlineMs + 300);
  assert.equal(rig.words.slice(-2), ['3 false', '4 false']);
});

test('S11: with its gateway everything that is being handed over is called off: its takes are given again', () => {
  const rig = newTakeRig();
  rig.ask();
  rig.answer(0);
  const gateway = rig.kit.system.find('gateway');
  assert.ok(gateway);
  rig.kit.system.stop(gateway);
  rig.kit.settle();
  assert.equal(rig.cancelled, [0]);
});

test.run();
