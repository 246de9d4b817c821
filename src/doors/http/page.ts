/** What `GET /` says: a page to people, one line to curl. */
import { reply, type Reply } from './reply.ts';

const sentence = 'This node of Callboard is alive.';

function escapeHtml(plain: string): string {
  return plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function html(node: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Callboard</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 40rem; padding: 0 1rem }</style>
<h1>Callboard</h1>
<p>Node <strong>${escapeHtml(node)}</strong> is alive.</p>
<ul>
<li><a href="/topics">/topics</a>: the topics, in order of creation</li>
<li><a href="/status">/status</a>: what this node knows of itself</li>
<li><a href="/readyz">/readyz</a>: whether it serves calls</li>
</ul>
</html>
`;
}

/** `accept`: the request's header. Only who asks for HTML by name gets it. */
export function frontPage(node: string, accept: string | undefined): Reply {
  if (accept?.toLowerCase().includes('text/html') === true) {
    const policy = "default-src 'none'; style-src 'unsafe-inline'";
    return reply(200, 'text/html; charset=utf-8', html(node), {
      'content-security-policy': policy,
      vary: 'accept',
    });
  }
  return reply(200, 'text/plain; charset=utf-8', `${sentence} See /status, or the calls in its manual.\n`, {
    vary: 'accept',
  });
}
