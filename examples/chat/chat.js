// What runs in each window: one topic, a producer, and an anonymous reader from the first word on.
import { connect } from '@callboard/client';

const status = document.querySelector('[role=status]');
const form = document.querySelector('form');
const list = document.querySelector('ol');

const client = await connect(document.body.dataset.cluster, {
  name: 'chat',
  onStatus: (news) => {
    status.textContent = news.kind === 'connected' ? `connected to ${news.node}` : news.kind;
  },
});
// One partition: everybody reads the talk in the same order.
await client.createTopic('chat', { partitions: 1, ifNotExists: true });
const producer = client.producer('chat');

async function say() {
  const { who, text } = Object.fromEntries(new FormData(form));
  form.elements.text.value = '';
  try {
    await producer.send({ key: who, value: text });
  } catch (error) {
    status.textContent = `not sent: ${error.message}`;
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void say();
});

for await (const record of client.consumer('chat', { from: 'earliest' })) {
  const who = document.createElement('b');
  who.textContent = record.keyText() ?? '?';
  const item = document.createElement('li');
  // Never as markup: anybody may write anything.
  item.append(who, ` ${record.text()}`);
  list.append(item);
}
