// Which room may import which: the table of the design, read row by row. A row names everything that its room may
// import, so a package or a room that is not named is refused, without a rule of its own.
//
// What this file cannot see, scripts/checks/import-kinds.ts checks: the parser used here does not tell an import of
// types from an import of values, so "types of raft" and circular imports are judged there.

const PROTOCOL = '^client/(src|dist)/protocol/|^@callboard/client/protocol$';
const CLIENT = '^client/(src|dist)/|^@callboard/client(/|$)';
const NODE_BUILTINS =
  '^node:|^(assert|buffer|child_process|cluster|crypto|dgram|diagnostics_channel|dns|events|fs|http|http2|https|inspector|module|net|os|path|perf_hooks|process|querystring|readline|repl|stream|string_decoder|timers|tls|tty|url|util|v8|vm|wasi|worker_threads|zlib)(/|$)';

/** A package by name, however it was resolved: a path below node_modules, or the bare name if it was not found. */
const packages = (...names) => names.map((name) => `(^|/)node_modules/${name}/|^${name}(/|$)`).join('|');
const ANY_PACKAGE = '(^|/)node_modules/';
const rooms = (...names) => names.map((name) => `^src/${name}/`).join('|');

const PURE = [PROTOCOL];
const row = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: typeof from === 'string' ? { path: from } : from,
  to: { pathNot: allowed },
});

module.exports = {
  forbidden: [
    row('protocol', '^client/src/protocol/', ['^client/src/protocol/', packages('msgpackr')]),
    row('client-node-entry', '^client/src/node(/|\\.ts$)', ['^client/src/', packages('ws'), NODE_BUILTINS]),
    row('client', { path: '^client/src/', pathNot: '^client/src/(protocol/|node(/|\\.ts$))' }, [
      '^client/src/',
    ]),

    row('kernel', rooms('kernel'), [rooms('kernel')]),
    row('raft', rooms('raft'), [rooms('raft'), ...PURE]),
    row('partition', rooms('partition'), [rooms('partition', 'raft'), ...PURE]),
    row('directory', rooms('directory'), [rooms('directory', 'raft'), ...PURE]),
    row('kv', rooms('kv'), [rooms('kv', 'raft'), ...PURE]),
    row('actors', rooms('actors'), [
      rooms('actors', 'kernel', 'raft', 'partition', 'directory', 'kv'),
      ...PURE,
    ]),
    row('storage', rooms('storage'), [
      rooms('storage', 'kernel', 'raft'),
      ...PURE,
      NODE_BUILTINS,
      packages('level', 'classic-level', 'memory-level', 'abstract-level'),
    ]),
    row('transport', rooms('transport'), [
      rooms('transport', 'kernel', 'raft'),
      ...PURE,
      NODE_BUILTINS,
      packages('ws'),
    ]),
    row('page', '^src/doors/http/page/browser/', ['^src/doors/http/page/browser/', CLIENT]),
    row('doors', { path: rooms('doors'), pathNot: '^src/doors/http/page/browser/' }, [
      rooms('doors', 'kernel', 'actors'),
      ...PURE,
      NODE_BUILTINS,
      packages('fastify', 'zod'),
    ]),
    row('node', rooms('node'), [
      rooms(
        'node',
        'kernel',
        'actors',
        'raft',
        'partition',
        'directory',
        'kv',
        'storage',
        'transport',
        'doors',
      ),
      CLIENT,
      NODE_BUILTINS,
      ANY_PACKAGE,
    ]),
    row('package-entry', '^src/index\\.ts$', [rooms('node')]),
    row('cli', rooms('cli'), [rooms('cli', 'node'), CLIENT, NODE_BUILTINS, ANY_PACKAGE]),
    row('bench', '^bench/', [
      '^bench/',
      '^test/(security/)?lib/',
      rooms('node', 'kernel', 'raft', 'storage', 'actors', 'partition'),
      CLIENT,
      NODE_BUILTINS,
      ANY_PACKAGE,
    ]),
    row('examples', '^examples/', ['^examples/', rooms('node'), CLIENT, NODE_BUILTINS, ANY_PACKAGE]),

    {
      name: 'not-from-sim-or-test',
      comment: 'What users run must not contain what tests it.',
      severity: 'error',
      from: { pathNot: '^(sim|test|bench)/' },
      to: { path: '^(sim|test)/' },
    },
    {
      name: 'no-circles-in-sim',
      comment: 'Not even of types: each part of the simulator names what it needs of the others.',
      severity: 'error',
      from: { path: '^sim/' },
      to: { circular: true },
    },
    {
      name: 'unresolvable',
      comment: 'An import that leads nowhere is judged by no row.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^@callboard/client' },
    },
  ],
  options: {
    // The default parser wants a TypeScript with a JavaScript API; without one it finds no module and no fault.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules|^(client/)?dist/' },
    // The peers' clients are a project of their own, which is not installed unless a peer is measured.
    exclude: { path: '^(client/)?dist/(?!protocol/)|^bench/peers/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
