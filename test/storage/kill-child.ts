// A process that writes as fast as it can and says what was answered, until it is killed.
import { AsyncStore, openAt } from './real-kit.ts';
import { LogMaker, appendOf, birthOf, g1, hardState } from './kit.ts';

const directory = process.argv[2] ?? '';
const { store } = await openAt(directory, {
  schedule: (delayMs, callback) => void setTimeout(callback, delayMs / 20),
});
const writer = new AsyncStore(store);
await writer.birth(birthOf(g1));
const opened = await writer.open(g1);
if (opened.verdict.kind !== 'clean') throw new Error(JSON.stringify(opened.verdict));
const { entries } = await writer.read(g1, { to: opened.tail.index });
const log = new LogMaker(g1, entries);
if (log.tail.checksum !== opened.tail.checksum) throw new Error('the log is not what it was');
process.stdout.write(`found ${String(log.tail.index)} ${String(opened.hard.term)}\n`);
let term = opened.hard.term as number;
for (let round = 0; ; round += 1) {
  const raises = round % 5 === 0;
  if (raises) term += 1;
  const made = log.appendMany(1 + (round % 4), { term, bodyBytes: (round * 37) % 900 });
  await writer.write(appendOf(g1, made, { hard: raises ? hardState(term) : undefined }));
  process.stdout.write(`wrote ${String(log.tail.index)} ${String(term)}\n`);
}
