// The lines of a file, each stored once: the line's number is its sequence, so a repeat after a crash is recognised.
//
//   node examples/ingest.mjs [URL] [FILE]      run it again, or kill it and run it again: nothing is stored twice
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const [url = 'http://localhost:8080', file = import.meta.filename ?? 'README.md'] = process.argv.slice(2);
/** Who we are to the cluster, and how far we know that we are; kept beside the file. */
const stateFile = `${file}.ingest.json`;

async function post(path, fields) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(new URL(path, url), { method: 'POST', headers, body: JSON.stringify(fields) });
  return await response.json();
}

function save(state) {
  writeFileSync(stateFile, JSON.stringify(state));
}

async function begin() {
  if (existsSync(stateFile)) return JSON.parse(readFileSync(stateFile, 'utf8'));
  const topic = `lines-${Date.now()}`;
  const { producer_id: producer } = await post('/producer/register', { topic });
  const state = { topic, producer, next: 0 };
  save(state);
  return state;
}

/** Repeats what may not have arrived. The sequence makes that safe, on any node. */
async function store(state, sequence, message) {
  const fields = { topic: state.topic, producer_id: state.producer, message, partition_index: 0, sequence };
  for (;;) {
    const answer = await post('/producer/produce', fields).catch((error) => ({ message: error.message }));
    // Stored now, or long ago: both are well.
    if (answer.status === 'success' || answer.code === 'duplicate_unknown_offset') return;
    const hopeless = answer.outcome === 'not_applied' && answer.retryAfterMs === undefined;
    if (hopeless) throw new Error(answer.message);
    await new Promise((resolve) => {
      setTimeout(resolve, answer.retryAfterMs ?? 200);
    });
  }
}

const state = await begin();
const lines = readFileSync(file, 'utf8').split('\n');
for (let sequence = state.next; sequence < lines.length; sequence += 1) {
  await store(state, sequence, lines[sequence]);
  // Written now and then only: what is sent again because of that is not stored again.
  if (sequence % 50 === 0) save({ ...state, next: sequence });
}
save({ ...state, next: lines.length });
console.log(`${lines.length} lines of ${file} are in topic ${state.topic}`);
