/** What `GET /` says: the page to people, one line to curl. */
import { reply, type Reply } from '../reply.ts';
import { pageHtml } from './document.ts';

const sentence = 'This node of Callboard is alive.';

/** Everything comes from this node; nothing of the page runs or loads anything else, whatever a record holds. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** `accept`: the request's header. Only who asks for HTML by name gets it. */
export function frontPage(node: string, accept: string | undefined): Reply {
  if (accept?.toLowerCase().includes('text/html') === true) {
    return reply(200, 'text/html; charset=utf-8', pageHtml(node), {
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
      vary: 'accept',
    });
  }
  return reply(
    200,
    'text/plain; charset=utf-8',
    `${sentence} See /status, /topics, and docs/http.md for the calls.\n`,
    {
      vary: 'accept',
    },
  );
}
