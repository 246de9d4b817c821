// A chat in the browser: this program only hands out the page; the talk goes between the windows and the cluster.
//
//   CALLBOARD_ALLOWED_ORIGINS=http://localhost:3000 npm start      the cluster, which lets our page in
//   node examples/chat/serve.mjs [URL] [PORT]                      then open http://localhost:3000 in two windows
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [url = 'http://localhost:8080', port = '3000'] = process.argv.slice(2);

const page = readFileSync(new URL('page.html', import.meta.url), 'utf8').replaceAll('CALLBOARD_URL', url);
const script = readFileSync(new URL('chat.js', import.meta.url), 'utf8');
// The client for browsers is one file. Any node serves it at /callboard.js; here it comes from the package.
const client = readFileSync(new URL(import.meta.resolve('@callboard/client/callboard.js')), 'utf8');
const files = {
  '/': ['text/html; charset=utf-8', page],
  '/chat.js': ['text/javascript; charset=utf-8', script],
  '/callboard.js': ['text/javascript; charset=utf-8', client],
};

const server = createServer((request, response) => {
  const [type, body] = files[request.url] ?? [];
  if (body === undefined) response.writeHead(404).end();
  else response.writeHead(200, { 'content-type': type }).end(body);
});
server.listen(Number(port), 'localhost', () => {
  console.log(`open http://localhost:${server.address().port} in two windows`);
});
