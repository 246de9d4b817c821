// Questions and answers: a request carries where its reply goes and a number of its own.
//
//   node examples/request-reply.mjs [URL]
import { randomUUID } from 'node:crypto';
import { connect } from '@callboard/client';

const [url = 'http://localhost:8080'] = process.argv.slice(2);
const questions = `questions-${Date.now()}`;
const answers = `answers-${randomUUID()}`;
const ended = new AbortController();
const { signal } = ended;

const client = await connect(url);
await client.createTopic(questions);
await client.createTopic(answers, { partitions: 1 });

/** The side that answers: would be another process. */
const service = client.consumer(questions, { id: 'calculator', ack: 'auto' }).run(
  async (record) => {
    const { replyTo, requestId } = record.headers;
    const { a, b } = record.json();
    const reply = { value: { sum: a + b }, headers: { requestId } };
    await client.producer(new TextDecoder().decode(replyTo)).send(reply);
  },
  { signal },
);

/** The side that asks: each answer finds its question by its number. */
const waiting = new Map();
const replies = client.consumer(answers, { from: 'earliest' }).run(
  (record) => {
    waiting.get(new TextDecoder().decode(record.headers.requestId))?.(record.json());
  },
  { signal },
);

async function ask(question) {
  const requestId = randomUUID();
  const { promise, resolve } = deferred();
  waiting.set(requestId, resolve);
  await client.producer(questions).send({ value: question, headers: { requestId, replyTo: answers } });
  return await promise.finally(() => waiting.delete(requestId));
}

function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve) => (parts.resolve = resolve));
  return parts;
}

// Whichever fails first is told here: what runs beside the rest is never left without somebody who waits for it.
const both = Promise.all([service, replies]);
const sums = await Promise.race([Promise.all([1, 2, 3].map((a) => ask({ a, b: 10 }))), both]);
console.log(`sums: ${sums.map(({ sum }) => sum).join(', ')}`);
ended.abort();
await both;
await client.close();
