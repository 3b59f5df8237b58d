/**
 * A plugin that does wrong when it is told to: `PORT=8001 node fault-plugin.ts`. `/item?n=7` answers with the number,
 * `POST /does?way=garbage` sets how from now on, WebSockets echo.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { WebSocketServer } from 'ws';

const WORK_MS = 5;

type Way = (req: IncomingMessage, res: ServerResponse) => void;

/** How it answers. */
const WAYS: Readonly<Record<string, Way>> = {
  well: (req, res) => {
    const body = `{"n":${numberOf(req)}}`;
    setTimeout(() => res.setHeader('content-type', 'application/json').end(body), WORK_MS);
  },
  garbage: (req) => void req.socket.end('SSH-2.0-OpenSSH_9.2\r\n\r\n'),
  'half an answer': (req, res) => {
    res.writeHead(200, { 'content-length': 1000 });
    res.write(`{"n":${numberOf(req)}`, () => req.socket.destroy());
  },
};

let way: Way | undefined = WAYS['well'];

const server = createServer((req, res) => {
  const { pathname, searchParams } = new URL(req.url ?? '/', 'http://plugin');
  if (pathname === '/healthz') {
    res.end();
    return;
  }
  req.resume().once('end', () => {
    if (pathname === '/does') {
      way = WAYS[searchParams.get('way') ?? ''];
      res.writeHead(way ? 204 : 400).end();
    } else way?.(req, res);
  });
});
new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
server.listen(Number(process.env['PORT']), '127.0.0.1', () => process.stdout.write('listening\n'));

function numberOf({ url = '' }: IncomingMessage): number {
  return Number(url.split('n=')[1]);
}
