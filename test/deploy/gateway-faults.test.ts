/**
 * What the gateway does with a call that a node did not answer: given to another node only if no byte of it was sent, or if it
 * changes nothing. Before the real nginx stand nodes that are played: they count what reaches them, and break or are not there.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Gateway } from '../lib/gateway.ts';
import { findProgram } from '../lib/program.ts';
import { forgetConnections, send, type Answer } from '../doors/http/client.ts';

const test = suite('gateway faults');
const nginx = findProgram('nginx', 'nginx');

type Behaviour = 'answers' | 'breaks' | 'is gone';

class PlayedNodes {
  readonly addresses: string[] = [];
  readonly reached: string[] = [];
  readonly #servers: Server[] = [];

  async add(behaviour: Behaviour): Promise<void> {
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        this.reached.push(`${request.method} ${request.url}`);
        if (behaviour === 'breaks') response.destroy();
        else response.end('{"status":"success"}');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.addresses.push(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    if (behaviour === 'is gone') server.close();
    else this.#servers.push(server);
  }

  close(): void {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }
}

interface Tried {
  readonly answer: Answer;
  readonly reached: readonly string[];
}

/** One call through a fresh gateway, which knows of no fault yet. */
async function tryCall(
  program: string,
  behaviours: readonly Behaviour[],
  method: string,
  path: string,
): Promise<Tried> {
  const nodes = new PlayedNodes();
  for (const behaviour of behaviours) await nodes.add(behaviour);
  const gateway = await Gateway.start(program, nodes.addresses);
  try {
    const answer = await send(gateway.url, { method, path, body: { topic: 't' } });
    return { answer, reached: nodes.reached };
  } finally {
    forgetConnections();
    await gateway.destroy();
    nodes.close();
  }
}

function isFailure(answer: Answer, status: number, outcome: string): void {
  assert.is(answer.status, status, answer.text);
  assert.is(answer.body['status'], 'failure', answer.text);
  assert.is(answer.body['code'], 'unavailable', answer.text);
  assert.is(answer.body['outcome'], outcome, answer.text);
  assert.match(String(answer.headers['content-type']), /^application\/json/);
}

function cases(program: string): void {
  const changing = [
    ['POST', '/producer/produce'],
    ['POST', '/topics'],
    ['GET', '/consumer/consume'],
    ['GET', '/consumer/consume?topic=t&consumer_id=c'],
  ] as const;

  for (const [method, path] of changing) {
    test(`${method} ${path} is never repeated once a node has got it`, async () => {
      const { answer, reached } = await tryCall(program, ['breaks', 'breaks', 'breaks'], method, path);
      assert.equal(reached, [`${method} ${path}`]);
      isFailure(answer, 400, 'unknown');
    });
    test(`${method} ${path} finds the one node that is there`, async () => {
      for (const alive of [0, 1, 2]) {
        const behaviours = [0, 1, 2].map((node) => (node === alive ? 'answers' : 'is gone'));
        const { answer, reached } = await tryCall(program, behaviours, method, path);
        assert.equal([answer.status, reached], [200, [`${method} ${path}`]], answer.text);
      }
    });
    test(`${method} ${path} says that nothing was done when no node is there`, async () => {
      const { answer } = await tryCall(program, ['is gone', 'is gone', 'is gone'], method, path);
      isFailure(answer, 400, 'not_applied');
    });
  }

  test('a node that breaks behind one that is gone is not repeated either', async () => {
    for (const path of ['/producer/produce', '/consumer/consume']) {
      const method = path === '/consumer/consume' ? 'GET' : 'POST';
      const { answer, reached } = await tryCall(program, ['is gone', 'is gone', 'breaks'], method, path);
      assert.equal(reached, [`${method} ${path}`]);
      isFailure(answer, 400, 'unknown');
    }
  });

  test('a call that changes nothing goes to the next node', async () => {
    const { answer, reached } = await tryCall(program, ['breaks', 'breaks', 'breaks'], 'GET', '/topics');
    assert.equal(reached, ['GET /topics', 'GET /topics', 'GET /topics']);
    isFailure(answer, 400, 'unknown');
  });

  test('beside the calls the answer is 503', async () => {
    const { answer } = await tryCall(program, ['is gone', 'is gone', 'is gone'], 'GET', '/status');
    isFailure(answer, 503, 'not_applied');
  });
}

if (nginx === undefined) test('is skipped without nginx', () => undefined);
else cases(nginx);

test.run();
