/** Codecs for positional arrays: what passes, what does not, and that the complaint names the field. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  bin,
  bool,
  hexId,
  list,
  message,
  nullable,
  oneOf,
  optional,
  str,
  struct,
  text,
  uint,
  uint32,
  union,
  WireError,
  type Codec,
} from '@callboard/client/protocol';

function refuses(what: string, body: () => unknown, pattern: RegExp = /./): void {
  try {
    body();
  } catch (error) {
    assert.instance(error, WireError, what);
    assert.match((error as WireError).message, pattern, what);
    return;
  }
  assert.unreachable(`${what} was let through`);
}

const oddities: readonly unknown[] = [
  undefined,
  null,
  true,
  0,
  -0.5,
  -1,
  1.5,
  Number.NaN,
  Infinity,
  2 ** 53,
  2n,
  '',
  'x',
  '\ud800',
  Symbol('s'),
  [],
  [1],
  {},
  new Map(),
  new Date(0),
  /x/,
  new Uint8Array(2),
  new Uint16Array(2),
  new DataView(new ArrayBuffer(2)),
  () => 0,
];

function passing(codec: Pick<Codec<unknown>, 'decode'>): readonly unknown[] {
  return oddities.filter((value) => {
    try {
      codec.decode(value);
      return true;
    } catch (error) {
      assert.instance(error, WireError);
      return false;
    }
  });
}

test('each guard lets through its own type and nothing else', () => {
  assert.equal(passing(uint), [0]);
  assert.equal(passing(uint32), [0]);
  assert.equal(passing(bool), [true]);
  assert.equal(passing(str(10)), ['', 'x', '\ud800']);
  assert.equal(passing(bin(10)), [new Uint8Array(2)]);
  assert.equal(passing(list(uint, 10)), [[], [1]]);
  assert.equal(passing(oneOf(['a'])), [0]);
  assert.equal(passing(hexId()), []);
  assert.equal(passing(nullable(bool)), [null, true]);
  assert.equal(passing(struct<object>({})), [[]]);
});

test('bounds hold exactly', () => {
  assert.is(uint.decode(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
  assert.is(uint32.decode(0xffffffff), 0xffffffff);
  refuses('33 bits', () => uint32.decode(0x100000000));
  assert.is(str(4).decode('äö'), 'äö');
  refuses('five bytes', () => str(4).decode('äöx'));
  assert.is(str(4).decode('😀'), '😀');
  refuses('seven bytes', () => str(6).decode('😀äx'));
  assert.is(bin(2, { minBytes: 2 }).decode(new Uint8Array(2)).length, 2);
  refuses('three bytes', () => bin(2).decode(new Uint8Array(3)));
  refuses('one byte', () => bin(2, { minBytes: 2 }).decode(new Uint8Array(1)));
  assert.equal(list(uint, 2).decode([1, 2]), [1, 2]);
  refuses('three items', () => list(uint, 2).decode([1, 2, 3]));
  refuses('word 1 of 1', () => oneOf(['a']).decode(1));
  refuses('half a word', () => oneOf(['a', 'b']).decode(0.5));
  assert.is(hexId().decode('0123456789abcdef0123456789abcdef'), '0123456789abcdef0123456789abcdef');
  refuses('upper case', () => hexId().decode('0123456789ABCDEF0123456789abcdef'));
  refuses('a line end', () => hexId().decode('0123456789abcdef0123456789abcdef\n'));
});

test('what cannot travel is refused on encode', () => {
  refuses('a lone surrogate', () => str(10).encode('a\ud800'));
  refuses('a byte order mark', () => str(10).encode('\ufeffa'));
  refuses('another typed array', () => bin(10).encode(new Uint16Array(2) as unknown as Uint8Array));
  refuses('a negative number', () => uint.encode(-1));
  refuses('no word', () => oneOf<string>(['a']).encode('b'));
});

test('text for people is cut and mended instead', () => {
  const codec = text(9);
  assert.is(codec.encode('short'), 'short');
  assert.is(codec.encode('rather long'), 'rat');
  assert.is(codec.encode('\ufeffa'), '?a');
  assert.is(codec.encode('a\ud800'), 'a?');
  const hard: readonly string[] = ['😀😀😀😀😀', 'äöüäöüäöü', '\udfff\ud800\udfff\ud800'];
  const plain: Codec<string> = str(9);
  for (const words of hard) assert.not.throws(() => plain.encode(codec.encode(words) as string));
});

test('copied bytes do not change with their frame; views do', () => {
  const frame = new Uint8Array([1, 2, 3, 0, 0, 0, 0]);
  const copied = bin(3, { copy: true }).decode(frame.subarray(0, 3));
  const viewed = bin(3).decode(frame.subarray(0, 3));
  frame[0] = 9;
  assert.equal([copied[0], viewed[0]], [1, 9]);
  assert.is(copied.constructor, Uint8Array);
});

test('kept bytes are copied unless they are half of what a view would keep in memory', () => {
  const kept = bin(10, { copy: true });
  const frame = new Uint8Array(10);
  assert.is(kept.decode(frame.subarray(5)).buffer, frame.buffer);
  assert.is.not(kept.decode(frame.subarray(6)).buffer, frame.buffer);
});

interface Order {
  readonly kind: 'order';
  readonly id: number;
  readonly lines: readonly { readonly name: string; readonly note?: string }[];
  readonly to: string | undefined;
}

interface Cancel {
  readonly kind: 'cancel';
  readonly id: number;
}

const order = message<Order>('order', 1, {
  id: uint,
  lines: list(struct<Order['lines'][number]>({ name: str(5), note: optional(str(5)) }), 2),
  to: nullable(str(5)),
});
const family = union<Order | Cancel>({ order, cancel: message<Cancel>('cancel', 4, { id: uint }) });

test('a message is its number and its fields in order', () => {
  const value: Order = {
    kind: 'order',
    id: 3,
    lines: [{ name: 'a' }, { name: 'b', note: 'n' }],
    to: undefined,
  };
  const wire = family.encode(value);
  assert.equal(wire, [
    1,
    3,
    [
      ['a', null],
      ['b', 'n'],
    ],
    null,
  ]);
  const back = family.decode(wire);
  assert.equal(back, value);
  assert.equal(Object.keys((back as Order).lines[0] ?? {}), ['name'], 'an absent property is not there');
  assert.ok('to' in back, 'a property that may be undefined is there');
});

test('a complaint names the field, from the outside in', () => {
  refuses(
    'a deep mistake',
    () =>
      family.decode([
        1,
        3,
        [
          ['a', null],
          ['b', 7],
        ],
        null,
      ]),
    /^order\.lines\[1\]\.note: is not a string$/,
  );
  refuses('a missing field', () => family.decode([1, 3, []]), /^order: has 2 fields, not 3$/);
  refuses('a field too many', () => family.decode([4, 3, 3]), /^cancel: has 2 fields, not 1$/);
  refuses('an own mistake', () => family.encode({ kind: 'cancel', id: -1 }), /^cancel\.id: /);
});

test('what is not in the family is refused both ways', () => {
  for (const wire of [[], [0], [2, 3], [99], [-1], [1.5], ['order'], [null], 'order', null, 5, [[1]]]) {
    refuses(JSON.stringify(wire), () => family.decode(wire), /no known message/);
  }
  refuses(
    'a foreign kind',
    () => family.encode({ kind: 'other' } as unknown as Cancel),
    /no message 'other'/,
  );
  refuses(
    'an inherited name',
    () => family.encode({ kind: 'toString' } as unknown as Cancel),
    /no message 'toString'/,
  );
});

test('a family with two messages of one number, or a codec under a wrong name, is refused when it is made', () => {
  const cancel = message<Cancel>('cancel', 1, { id: uint });
  assert.throws(() => union<Order | Cancel>({ order, cancel }), /two messages have number 1/);
  const wrong = message<Cancel>('order' as 'cancel', 4, { id: uint });
  assert.throws(() => union<Order | Cancel>({ order, cancel: wrong }), /listed under/);
});

test.run();
