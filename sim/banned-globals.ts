/**
 * While a simulation runs, whatever reaches past its seed throws: the machine's clocks, timers, microtasks and randomness.
 */
type Restore = () => void;

const places: readonly { readonly holder: () => object; readonly names: readonly string[] }[] = [
  {
    holder: () => globalThis,
    names: [
      'Date',
      'setTimeout',
      'setInterval',
      'setImmediate',
      'queueMicrotask',
      'fetch',
      'WebSocket',
      'MessageChannel',
      'WeakRef',
      'FinalizationRegistry',
    ],
  },
  { holder: () => Math, names: ['random'] },
  { holder: () => globalThis.performance, names: ['now'] },
  { holder: () => globalThis.crypto, names: ['getRandomValues', 'randomUUID'] },
  { holder: () => process, names: ['nextTick', 'hrtime', 'uptime'] },
];

/** Runs `body` without them, and puts them back whatever happens. */
export function withoutRealWorld<T>(body: () => T): T {
  const restores: Restore[] = [];
  try {
    for (const { holder, names } of places) for (const name of names) restores.push(ban(holder(), name));
    return body();
  } finally {
    for (const restore of restores.toReversed()) restore();
  }
}

function ban(holder: object, name: string): Restore {
  const before = Object.getOwnPropertyDescriptor(holder, name);
  const refuse = (): never => {
    throw new Error(`${name} was used while the simulation ran`);
  };
  // However it is used: called, constructed, or asked for one of its own functions.
  const stub = new Proxy(function banned(): void {}, { apply: refuse, construct: refuse, get: refuse });
  Object.defineProperty(holder, name, { value: stub, configurable: true, writable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(holder, name);
    else Object.defineProperty(holder, name, before);
  };
}
