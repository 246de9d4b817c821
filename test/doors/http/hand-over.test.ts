// S11: of each record that is answered the gateway hears whether the answer was handed to its caller's connection.
import { connect, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CallValue } from '../../../src/actors/gateway/messages.ts';
import { eventually } from '../../lib/eventually.ts';
import { openDoor, type TestDoor, type TestDoorOptions } from './kit.ts';

const test = suite('doors/http: what was handed over');
const request =
  'GET /consumer/consume?topic=t&consumer_id=c HTTP/1.1\r\nhost: localhost\r\nconnection: keep-alive\r\n\r\n';

function record(bytes = 1): CallValue {
  return { op: 'consume', partition: 0, offset: 0, value: new Uint8Array(bytes).fill(65) };
}

/** A door whose gateway answers when the test says so. */
class Scene {
  readonly heard: string[] = [];
  readonly answers: (() => void)[] = [];
  /** By call. */
  value = (_call: number): CallValue => record();
  door!: TestDoor;
  /** The door's ends of the connections. */
  readonly accepted: Socket[] = [];
  readonly #sockets: Socket[] = [];

  static async open(options: Partial<TestDoorOptions> = {}): Promise<Scene> {
    const scene = new Scene();
    scene.door = await openDoor({
      answering: ({ id }, answer) => void scene.answers.push(() => answer({ value: scene.value(id) })),
      heard: ({ id, handed }) => void scene.heard.push(`${id} ${handed}`),
      ...options,
    });
    scene.door.door.server.on('connection', (socket: Socket) => scene.accepted.push(socket));
    return scene;
  }

  async connect(): Promise<Socket & { readonly text: () => string }> {
    const socket = connect({ port: this.door.port, host: '127.0.0.1', allowHalfOpen: true });
    this.#sockets.push(socket);
    let text = '';
    socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('connect', resolve));
    return Object.assign(socket, { text: () => text });
  }

  async asked(count: number): Promise<void> {
    await eventually(`${count} calls are with the gateway`, () => this.answers.length === count);
  }

  async hears(...expected: readonly string[]): Promise<void> {
    await eventually(`the gateway hears of ${expected.length} calls`, () => {
      if (this.heard.length > expected.length) throw new Error(this.heard.join());
      return this.heard.length === expected.length;
    });
    assert.equal(this.heard.toSorted(), expected.toSorted());
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await this.door.close();
  }
}

async function withScene(
  run: (scene: Scene) => Promise<void>,
  options: Partial<TestDoorOptions> = {},
): Promise<void> {
  const scene = await Scene.open(options);
  try {
    await run(scene);
  } finally {
    await scene.close();
  }
}

test('an answer on an open connection is handed over', async () => {
  await withScene(async (scene) => {
    const socket = await scene.connect();
    socket.write(request);
    await scene.asked(1);
    assert.equal(scene.heard, []);
    scene.answers[0]?.();
    await scene.hears('1 true');
    await eventually('the answer is there', () => socket.text().includes('"message":"A"'));
    socket.write(request);
    await scene.asked(2);
    scene.answers[1]?.();
    await scene.hears('1 true', '2 true');
  });
});

test('a caller that was gone before the answer has not got it', async () => {
  await withScene(async (scene) => {
    const socket = await scene.connect();
    socket.write(request);
    await scene.asked(1);
    socket.destroy();
    await eventually('the connection is closed', () => scene.accepted[0]?.closed === true);
    scene.answers[0]?.();
    await scene.hears('1 false');
  });
});

test('a caller that has ended its side of the connection gets no answer, and has not got it', async () => {
  await withScene(async (scene) => {
    const socket = await scene.connect();
    socket.write(request);
    await scene.asked(1);
    socket.end();
    await eventually('the end is seen', () => scene.accepted[0]?.writableEnded === true);
    scene.answers[0]?.();
    await scene.hears('1 false');
    assert.is(socket.text(), '');
  });
});

test('of a pipeline that breaks, nobody got what was waiting behind the first answer', async () => {
  await withScene(async (scene) => {
    const socket = await scene.connect();
    socket.write(request + request + request);
    await scene.asked(3);
    scene.answers[2]?.();
    scene.answers[1]?.();
    assert.equal(scene.heard, []);
    socket.destroy();
    await scene.hears('2 false', '3 false');
    scene.answers[0]?.();
    await scene.hears('1 false', '2 false', '3 false');
  });
});

test('a pipeline that goes on hands each over in its turn', async () => {
  await withScene(async (scene) => {
    const socket = await scene.connect();
    socket.write(request + request);
    await scene.asked(2);
    scene.answers[1]?.();
    scene.answers[0]?.();
    await scene.hears('1 true', '2 true');
  });
});

test('a caller that takes only a part of a large answer has not got it', async () => {
  await withScene(async (scene) => {
    scene.value = () => record(8 << 20);
    const socket = await scene.connect();
    socket.pause();
    socket.write(request);
    await scene.asked(1);
    scene.answers[0]?.();
    await eventually('a part of it is on its way', () => (scene.accepted[0]?.bytesWritten ?? 0) > 0);
    assert.equal(scene.heard, []);
    socket.resetAndDestroy();
    await scene.hears('1 false');
  });
});

test('a record that cannot be answered is not handed over, whatever is answered in its place', async () => {
  await withScene(async (scene) => {
    scene.value = () =>
      ({ op: 'consume', partition: 0, offset: 0, value: undefined }) as unknown as CallValue;
    const socket = await scene.connect();
    socket.write(request);
    await scene.asked(1);
    scene.answers[0]?.();
    await scene.hears('1 false');
    await eventually('an error is there', () => socket.text().includes('"code":"internal"'));
  });
});

test('an answer that comes after the deadline of its call is not handed over', async () => {
  await withScene(
    async (scene) => {
      const socket = await scene.connect();
      socket.write(request);
      await scene.asked(1);
      await eventually('the call is given up', () => socket.text().includes('"code":"timeout"'));
      await scene.hears('1 false');
      scene.answers[0]?.();
      await scene.hears('1 false', '1 false');
    },
    { limits: { callDeadlineMs: 300 } },
  );
});

test('an answer that is on its way when the gateway ends is broken off', async () => {
  await withScene(async (scene) => {
    scene.value = () => record(8 << 20);
    const socket = await scene.connect();
    socket.pause();
    socket.write(request);
    await scene.asked(1);
    scene.answers[0]?.();
    await eventually('a part of it is on its way', () => (scene.accepted[0]?.bytesWritten ?? 0) > 0);
    const gateway = scene.door.system.find('gateway');
    assert.ok(gateway);
    scene.door.system.stop(gateway);
    await eventually('the connection is broken', () => scene.accepted[0]?.destroyed === true);
  });
});

test.run();
