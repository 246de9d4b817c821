// Jobs, shared by two workers: over HTTP, parallel calls of one consumer never get the same record.
//
//   node examples/work-queue.mjs [URL]
const [url = 'http://localhost:8080'] = process.argv.slice(2);
const topic = `jobs-${Date.now()}`;

async function call(method, path, fields) {
  const target = new URL(path, url);
  if (method === 'GET') target.search = new URLSearchParams(fields).toString();
  const headers = { 'content-type': 'application/json' };
  const body = method === 'GET' ? {} : { body: JSON.stringify(fields), headers };
  const response = await fetch(target, { method, ...body });
  return await response.json();
}

const { producer_id } = await call('POST', '/producer/register', { topic });
const { consumer_id } = await call('POST', '/consumer/register', { topic });
for (let job = 1; job <= 20; job += 1) {
  await call('POST', '/producer/produce', { topic, producer_id, message: `job ${job}` });
}

/** Takes jobs until there are none. A real worker would go on asking. */
async function work(name) {
  for (;;) {
    const answer = await call('GET', '/consumer/consume', { topic, consumer_id });
    if (answer.status !== 'success') return answer.message;
    console.log(`${name} does ${answer.message}`);
  }
}

const ends = await Promise.all([work('worker A'), work('worker B')]);
console.log(`both stop: ${ends[0]}`);
