/** A server on loopback that sends back what it is sent. */
import { createServer, type AddressInfo } from 'node:net';

export interface Echo {
  readonly port: number;
  close(): void;
}

export function listen(): Promise<Echo> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.setNoDelay(true);
      socket.pipe(socket);
      socket.on('error', () => socket.destroy());
    });
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({ port, close: () => void server.close() });
    });
  });
}
