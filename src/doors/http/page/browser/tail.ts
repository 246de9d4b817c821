/** The live tail: records of one topic as they are stored, pushed by the client that any page may use. */
import type { Client, ClientStatus, IncomingRecord } from '@callboard/client';
import { byId, element } from './dom.ts';

const rowsKept = 200;
const charactersShown = 2_000;
const bytesShown = 32;
/** What the node may send before it has to wait for this page. */
const credit = { records: 500, bytes: 1 << 20 };

interface Bundle {
  connect(address: string, options: object): Promise<Client>;
}

const bundlePath: string = '/callboard.js';
let client: Promise<Client> | undefined;

function say(text: string): void {
  byId('tail-state', HTMLElement).textContent = text;
}

/** Beside the state and not in it: it changes many times a second, and readers of screens would read out each change. */
function showCount(count: number): void {
  const text = count === 0 ? '' : `${new Intl.NumberFormat('en').format(count)} so far`;
  byId('tail-count', HTMLElement).textContent = text;
}

/** The topic that is followed; empty: none. */
let followed = '';

function told(status: ClientStatus): void {
  if (followed === '') return;
  if (status.kind === 'reconnecting') say('reconnecting');
  if (status.kind === 'connected') say(`following ${followed}`);
}

/** One connection for the life of the page. A proxy shows one address only, so no node is looked for behind it. */
async function connected(): Promise<Client> {
  client ??= import(bundlePath).then((bundle: Bundle) =>
    bundle.connect(location.origin, { name: 'page', direct: false, onStatus: told }),
  );
  client.catch(() => (client = undefined));
  return await client;
}

/** As text if it is text; what the browser is handed is never markup. */
export function shown(bytes: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const hex = [...bytes.subarray(0, bytesShown)]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join(' ');
    return `${bytes.length} bytes: ${hex}${bytes.length > bytesShown ? ' …' : ''}`;
  }
  return text.length > charactersShown ? `${text.slice(0, charactersShown)}…` : text;
}

function row(record: IncomingRecord): HTMLElement {
  const at = element('span', 'at', `${record.partition}/${record.offset}`);
  at.title = record.timestamp.toISOString();
  const key = record.key === undefined ? [] : [element('span', 'key', shown(record.key))];
  return element('li', '', at, ...key, element('span', 'value', shown(record.value)));
}

function nextFrame(): Promise<unknown> {
  return new Promise((resolve) => {
    // A page in the background gets no frames, and must not stop for that.
    if (document.hidden) setTimeout(resolve, 250);
    else requestAnimationFrame(resolve);
  });
}

async function follow(topic: string, from: 'earliest' | 'latest', signal: AbortSignal): Promise<void> {
  const list = byId('tail', HTMLElement);
  const consumer = (await connected()).consumer(topic, { from, credit, signal });
  let count = 0;
  followed = topic;
  say(`following ${topic}`);
  for await (const batch of consumer.batches()) {
    count += batch.records.length;
    list.prepend(...batch.records.slice(-rowsKept).map(row).toReversed());
    while (list.childElementCount > rowsKept) list.lastElementChild?.remove();
    showCount(count);
    // Shows what it has before it takes more: the node waits, not this page's memory.
    await nextFrame();
  }
}

let following: AbortController | undefined;

function stop(): void {
  following?.abort();
  following = undefined;
  followed = '';
  byId('tail-toggle', HTMLButtonElement).textContent = 'Follow';
}

function start(): void {
  const topic = byId('tail-topic', HTMLSelectElement).value;
  const from = byId('tail-from', HTMLSelectElement).value === 'earliest' ? 'earliest' : 'latest';
  if (topic === '') {
    say('there is no topic yet');
    return;
  }
  const controller = new AbortController();
  following = controller;
  byId('tail', HTMLElement).replaceChildren();
  byId('tail-toggle', HTMLButtonElement).textContent = 'Stop';
  say('connecting');
  showCount(0);
  follow(topic, from, controller.signal).catch((error: unknown) => {
    if (controller.signal.aborted) return;
    stop();
    say(`stopped: ${error instanceof Error ? error.message : String(error)}`);
  });
}

/** Makes the form work. Another topic or another beginning starts anew. */
export function offerTail(): void {
  byId('tail-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    if (following === undefined) start();
    else {
      stop();
      say('stopped');
    }
  });
  for (const id of ['tail-topic', 'tail-from']) {
    byId(id, HTMLSelectElement).addEventListener('change', () => {
      if (following === undefined) return;
      stop();
      start();
    });
  }
}
