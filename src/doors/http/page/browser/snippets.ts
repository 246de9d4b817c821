/** The lines to paste, for the address under which this page was reached. */

export function curlLines(address: string): string {
  return `BOARD=${address}
JSON='content-type: application/json'
curl -X POST $BOARD/topics -H "$JSON" -d '{"name": "greetings"}'

PRODUCER=$(curl -s -X POST $BOARD/producer/register -H "$JSON" \\
  -d '{"topic": "greetings"}' | grep -o '[0-9a-f]\\{32\\}')
curl -X POST $BOARD/producer/produce -H "$JSON" \\
  -d '{"topic": "greetings", "producer_id": "'$PRODUCER'",
    "message": "Hello, board"}'

CONSUMER=$(curl -s -X POST $BOARD/consumer/register -H "$JSON" \\
  -d '{"topic": "greetings"}' | grep -o '[0-9a-f]\\{32\\}')
curl -X GET $BOARD/consumer/consume -H "$JSON" \\
  -d '{"topic": "greetings", "consumer_id": "'$CONSUMER'"}'
`;
}

export function typescriptLines(address: string): string {
  return `import { connect } from '@callboard/client';

const client = await connect('${address}');
await client.createTopic('greetings', { ifNotExists: true });

const producer = client.producer('greetings');
const { partition, offset } = await producer.send({
  key: 'stage', value: 'Hello, board',
});
console.log(\`stored at \${partition}/\${offset}\`);

const consumer = client.consumer('greetings', {
  id: 'my-program', ack: 'auto',
});
for await (const record of consumer) {
  console.log(record.keyText(), record.text());
}
`;
}
