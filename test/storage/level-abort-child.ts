// Opens a database and goes through all of it, in a process of its own: LevelDB may end it. Says how that went.
import { dirname } from 'node:path';
import type { EngineOpened } from '../../src/storage/engine.ts';
import { LevelHost } from '../../src/storage/level-engine.ts';
import { call, close, scan } from './hosts.ts';

const directory = process.argv[2] ?? '';
const [opened] = await call<[EngineOpened]>((done) =>
  new LevelHost(dirname(directory), directory).open(done),
);
if (!opened.ok) {
  process.stdout.write(`${opened.damaged ? 'damaged' : 'refused'}: ${opened.detail}\n`);
} else {
  let count = 0;
  // Short pages: each begins with a search within a block.
  for (let from = Uint8Array.of(0); ;) {
    const page = await scan(opened.engine, { from, limit: 7 });
    const last = page.at(-1);
    if (last === undefined) break;
    count += page.length;
    from = Uint8Array.of(...last.key, 0);
  }
  await close(opened.engine);
  process.stdout.write(`opened: ${String(count)} keys\n`);
}
