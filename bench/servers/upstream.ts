import { createServer } from 'node:http';

/** Answers `GET /item?n=7` with a small JSON object that carries the number back, so that clients can tell answers apart. */
createServer((req, res) => {
  const n = Number(req.url?.split('=')[1] ?? 0);
  const body = JSON.stringify({ n, name: 'plugmesh', tags: ['small', 'json'], ok: true });
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  res.end(body);
}).listen(Number(process.env['PORT']), '127.0.0.1');
