/** The page's files: small, fixed, read once, and told apart by the hash of their contents. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';
import { reply } from '../reply.ts';
import type { Page } from '../routes.ts';
import { pageIcon, pageStyle } from './style.ts';

const script = 'text/javascript; charset=utf-8';

/** May be kept, but is asked for each time: a node that was upgraded must not meet an old page. */
function asset(path: string, type: string, body: string): Page {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const headers = { etag, 'cache-control': 'no-cache', 'cross-origin-resource-policy': 'same-origin' };
  return {
    path,
    answer: (request) =>
      isKnown(request, etag) ? reply(304, type, '', headers) : reply(200, type, body, headers),
  };
}

function isKnown(request: IncomingMessage, etag: string): boolean {
  const known = (request.headers['if-none-match'] ?? '').split(',');
  return known.some((one) => one.trim().replace(/^W\//, '') === etag);
}

/** What the compiler made of `browser/`. */
function scripts(): readonly Page[] {
  const directory = fileURLToPath(new URL('browser/', import.meta.url));
  return readdirSync(directory)
    .filter((name) => /^[\w-]+\.js$/.test(name))
    .map((name) => asset(`/page/${name}`, script, readFileSync(join(directory, name), 'utf8')));
}

/** The client for browsers, in one file. A build from sources alone may be without it: then the page has no live tail. */
function clientBundle(): readonly Page[] {
  const manifest = createRequire(import.meta.url).resolve('@callboard/client/package.json');
  const file = join(dirname(manifest), 'dist/browser/callboard.js');
  return existsSync(file) ? [asset('/callboard.js', script, readFileSync(file, 'utf8'))] : [];
}

export function pageAssets(): readonly Page[] {
  return [
    asset('/page/style.css', 'text/css; charset=utf-8', pageStyle),
    asset('/page/icon.svg', 'image/svg+xml', pageIcon),
    ...scripts(),
    ...clientBundle(),
  ];
}
