import { createServer } from 'node:http';

const CHUNK = Buffer.alloc(65_536, 'x');

/** `GET /<bytes>` answers so many bytes, as fast as they are taken; `POST` answers how many came, `GET /item?n=7` a small object. */
createServer((req, res) => {
  if (req.url?.startsWith('/item')) {
    res.end(JSON.stringify({ n: Number(req.url.split('=')[1]) }));
    return;
  }
  if (req.method === 'POST') {
    let bytes = 0;
    req.on('data', (chunk: Buffer) => (bytes += chunk.length));
    req.on('end', () => res.end(String(bytes)));
    return;
  }
  let left = Number(req.url?.slice(1));
  res.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': left });
  const send = (): void => {
    while (left > 0) {
      const chunk = CHUNK.subarray(0, left);
      left -= chunk.length;
      if (!res.write(chunk)) return void res.once('drain', send);
    }
    res.end();
  };
  send();
}).listen(Number(process.env['PORT']), '127.0.0.1');
