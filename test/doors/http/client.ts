/** Plain HTTP for the contract's tests: requests as a program sends them, and raw bytes for what no client library would send. */
import { Agent, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Sending {
  readonly method: string;
  readonly path: string;
  /** Sent as it is. Objects are sent as JSON with its content type. */
  readonly body?: string | Buffer | object;
  readonly headers?: Readonly<Record<string, string>>;
  /** The address to send it from. Default: 127.0.0.1. */
  readonly from?: string;
}

const agent = new Agent({ keepAlive: true });

/** Idle connections keep neither the process nor a server alive. */
export function forgetConnections(): void {
  agent.destroy();
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

export function send(base: string, sending: Sending): Promise<Answer> {
  const { method, path, body, headers = {} } = sending;
  const plain = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
  const bytes = plain ? body : JSON.stringify(body);
  const type = plain ? {} : { 'content-type': 'application/json' };
  const length = bytes === undefined ? {} : { 'content-length': String(Buffer.byteLength(bytes)) };
  return new Promise((resolve, reject) => {
    const url = new URL(base);
    const local = sending.from === undefined ? {} : { localAddress: sending.from };
    const target = { host: url.hostname, port: url.port, method, path, agent, ...local };
    const request = httpRequest({ ...target, headers: { ...type, ...length, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parse(text) });
      });
    });
    request.on('error', reject);
    request.end(bytes);
  });
}

/** Writes the bytes and gives back all that comes until the server closes. */
export function raw(base: string, ...parts: readonly (string | Buffer)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const url = new URL(base);
    const socket = connect({ host: url.hostname, port: Number(url.port) });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8');
    });
    // A server that closes on a client which is still sending may reset the connection after its answer.
    socket.on('error', (error) => (text === '' ? reject(error) : resolve(text)));
    socket.on('close', () => resolve(text));
    for (const part of parts) socket.write(part);
  });
}

/** Status and JSON body of each answer in what `raw` gave back. */
export function answersIn(
  text: string,
): { readonly status: number; readonly body: Readonly<Record<string, unknown>> }[] {
  const answers: { status: number; body: Readonly<Record<string, unknown>> }[] = [];
  for (let rest = text; rest.startsWith('HTTP/1.1 ');) {
    const end = rest.indexOf('\r\n\r\n');
    const head = rest.slice(0, end);
    const status = Number(head.slice(9, 12));
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    if (status === 100) {
      rest = rest.slice(end + 4);
      continue;
    }
    const bytes = Buffer.from(rest.slice(end + 4), 'utf8');
    answers.push({ status, body: parse(bytes.subarray(0, length).toString('utf8')) });
    rest = bytes.subarray(length).toString('utf8');
  }
  return answers;
}
