/** The page's skeleton. What is alive in it is filled in by `browser/app.ts`. */

export function escapeHtml(plain: string): string {
  return plain
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

export function pageHtml(node: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Callboard</title>
<link rel="icon" href="/page/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page/style.css">
<script type="module" src="/page/app.js"></script>
</head>
<body>
<header>
<h1><img src="/page/icon.svg" alt="" width="28" height="28">Callboard</h1>
<p id="summary" role="status">Node <strong>${escapeHtml(node)}</strong> is alive.</p>
</header>
<main>
<p id="fault" role="alert" hidden></p>
<noscript><p>Without JavaScript, see <a href="/topics">/topics</a>, <a href="/status">/status</a> and
<a href="/readyz">/readyz</a>.</p></noscript>

<section aria-labelledby="cluster-title">
<h2 id="cluster-title">Cluster</h2>
<ul id="brokers" class="cards"></ul>
</section>

<section aria-labelledby="topics-title">
<h2 id="topics-title">Topics</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="topics-title">
<table>
<thead><tr><th scope="col">Topic</th><th scope="col" class="number">Partitions</th><th scope="col" class="number">Records</th>
<th scope="col" class="number">Per second</th><th scope="col">Last minute</th><th scope="col">Consumers and their lag</th></tr></thead>
<tbody id="topics"></tbody>
</table>
</div>
<p id="no-topics" hidden>No topic yet. The lines below make one.</p>
</section>

<section aria-labelledby="tail-title">
<h2 id="tail-title">Live tail</h2>
<form id="tail-form">
<span><label for="tail-topic">Topic</label> <select id="tail-topic"></select></span>
<span><label for="tail-from">From</label> <select id="tail-from"><option value="latest">now on</option><option value="earliest">the beginning</option></select></span>
<button id="tail-toggle" type="submit">Follow</button>
<span id="tail-state" role="status"></span> <span id="tail-count" class="faint"></span>
</form>
<ol id="tail" class="tail" tabindex="0" aria-label="Records, newest first"></ol>
</section>

<section aria-labelledby="try-title">
<h2 id="try-title">Try it</h2>
<div class="columns">
<figure><figcaption>With curl <button type="button" data-copy="curl">Copy</button></figcaption>
<pre id="curl" tabindex="0"></pre></figure>
<figure><figcaption>With TypeScript <button type="button" data-copy="typescript">Copy</button></figcaption>
<pre id="typescript" tabindex="0"></pre></figure>
</div>
</section>
</main>
<footer><p>This node: <strong>${escapeHtml(node)}</strong>. As JSON: <a href="/status">/status</a>,
<a href="/status/topics">/status/topics</a>, <a href="/topics">/topics</a>.</p></footer>
</body>
</html>
`;
}
