import fc, { type Arbitrary } from 'fast-check';
import { mostly } from './mostly.ts';

/** What the client writes where only the gateway may write: it must not arrive. */
export const FORGED = 'forged';

/** How a body is announced, and the body. */
export interface Framing {
  readonly headers: readonly string[];
  readonly body: string;
}

const RESERVED = [
  ...['X-Plugmesh-User', 'X-Plugmesh-Roles', 'X-Plugmesh-Identity', 'X-Plugmesh-Xsrf', 'X-Forwarded-For'],
  ...[
    'X-Forwarded-Host',
    'X-Forwarded-Proto',
    'X-Forwarded-Prefix',
    'X-Forwarded-User',
    'Forwarded',
    'X-Real-IP',
  ],
  ...[
    'X-Original-URL',
    'X-Rewrite-URL',
    'Proxy',
    'Proxy-Authorization',
    'Proxy-Connection',
    'Keep-Alive',
    'Expect',
  ],
];

const BENIGN = [
  ...[
    'X-A: 1',
    'Accept: */*',
    'Cookie: a=1; b=2',
    'X-Request-Id: abc',
    'Connection: keep-alive',
    'User-Agent: f',
  ],
  ...[
    'Authorization: Basic eDp5',
    'Expect: 100-continue',
    'TE: trailers',
    'X-Empty:',
    'X-Tab:\tv\t',
    'Via: 1.1 a',
  ],
  ...[
    'Connection: X-A',
    'Content-Type: text/plain',
    'Range: bytes=0-1',
    'If-None-Match: "x"',
    'X-High: \xe9',
  ],
];

const ODD = [
  ...[
    'Connection: close',
    'Connection: Content-Length, Host, Transfer-Encoding, X-Forwarded-For, X-Request-Id',
  ],
  ...['Upgrade: h2c', 'Connection: Upgrade', 'Upgrade: websocket', 'HTTP2-Settings: x', 'Via: 1.1 plugmesh'],
  ...['Transfer-Encoding: chunked', 'Transfer-Encoding: identity', 'Transfer-Encoding: gzip, chunked'],
  ...['Transfer-Encoding:\x0bchunked', 'Transfer-Encoding : chunked', 'Transfer-Encoding: "chunked"'],
  ...['Transfer_Encoding: chunked', 'Transfer-Encoding: Chunked', 'Transfer-Encoding: chunked, identity'],
  ...[
    'Transfer-Encoding:',
    'TRANSFER-ENCODING: chunked\r\n',
    'Transfer-Encoding: xchunked',
    'X: y\nContent-Length: 5',
  ],
  ...[
    'Content-Length: 0',
    'Content-Length: 5',
    'Content-Length: +5',
    'Content-Length: 0x5',
    'Content-Length: 5, 5',
  ],
  ...[
    'Content-Length: -1',
    'Content-Length: 05',
    'Content-Length: 5 5',
    'Content-Length:',
    'Content_Length: 5',
  ],
  ...[
    'Content-Length: 99999999999999999999',
    'Content-Length : 5',
    ' Content-Length: 5',
    'Content-Length\x00: 5',
  ],
  ...[
    ': x',
    'no colon',
    'X-A: a\r\n folded',
    'X-A: a\r\n\tTransfer-Encoding: chunked',
    'X-Nul: a\x00b',
    'X-Cr: a\rb',
  ],
  ...[
    'X-Ctl: \x01\x7f',
    'X A: b',
    'X-A\t: b',
    '"X": b',
    'X(A): b',
    '\xe9: b',
    'Host: other.test',
    'host: mesh.test',
  ],
  ...['Expect: a-miracle', 'Service-Worker: script', 'X-Lf: a\nb', 'X-Long: ' + 'x'.repeat(9000)],
];

const forged = fc
  .tuple(
    fc.constantFrom(...RESERVED),
    fc.constantFrom(
      (name: string) => name,
      (name: string) => name.toLowerCase(),
      (name: string) => name.toUpperCase(),
      (name: string) => name.replaceAll('-', '_'),
      (name: string) => name.replaceAll('-', '.'),
      (name: string) => name.replace('-', '_'),
      (name: string) => name.replaceAll('-', '~'),
      (name: string) => `${name} `,
    ),
  )
  .map(([name, spell]) => `${spell(name)}: ${FORGED}`);

/** One header line, or what looks like one. */
export const header: Arbitrary<string> = fc.oneof(
  { weight: 14, arbitrary: fc.constantFrom(...BENIGN) },
  { weight: 5, arbitrary: forged },
  { weight: 1, arbitrary: fc.constantFrom(...ODD) },
);

const ODD_HOSTS = [
  ...[
    '',
    'Host:',
    'Host: a@b',
    'Host: a/b',
    'Host: a b',
    'Host: MESH.TEST',
    'Host: mesh.test:80',
    'Host: [::1]:80',
  ],
  ...[
    'Host: mesh.test\r\nHost: mesh.test',
    'Host: mesh.test\r\nHost: other.test',
    'Host : mesh.test',
    'Host: a_b',
  ],
  ...[
    'Host: mesh.test:',
    'Host: mesh.test:x',
    'Host: mesh.test, b',
    'Host: \xe9',
    'Host: a?b',
    'Host: a#b',
    'Host: .',
  ],
];

/** The `Host` line; none, two, or a strange one every now and then. */
export const host = mostly(['Host: mesh.test'], ODD_HOSTS).map((line) => (line === '' ? [] : [line]));

const TEXTS = [
  '',
  'abc',
  'GET /api/ships/inner HTTP/1.1\r\nHost: mesh.test\r\n\r\n',
  '0\r\n\r\n',
  '\r\n',
  'x'.repeat(600),
];
const text = fc.constantFrom(...TEXTS);

const announced = fc
  .tuple(text, mostly(['0'], ['-3', '-1', '1', '5', '40', '100000'], 40))
  .map(([body, error]): Framing => {
    const length = Math.max(0, body.length + Number(error));
    return { headers: [`Content-Length: ${length}`], body };
  });

const size = fc
  .tuple(
    mostly([''], ['0', '000000', ' ', '+', '-', '0x', '\t'], 60),
    mostly([''], [';a=b', ';', ';a="\r\n"', ' ', ';a\nb', '\x00', ';\r', 'g', ' ;a', ';a=b;c'], 60),
    mostly(['\r\n'], ['\n', '\r', '\r\n\r\n', ''], 60),
    mostly(['\r\n'], ['\n', '\r', '', 'x\r\n'], 40),
    mostly(['0'], ['1', '-1', '2', '65536', '4294967296'], 40),
  )
  .map(([before, extension, lineEnd, dataEnd, error]) => (data: string) => {
    const hex = Math.max(0, data.length + Number(error)).toString(16);
    return `${before}${hex}${extension}${lineEnd}${data}${dataEnd}`;
  });

const lastChunk = mostly(
  ['0\r\n\r\n'],
  [
    ...[
      '0\r\nX-Trailer: 1\r\n\r\n',
      `0\r\nX-Plugmesh-User: ${FORGED}\r\n\r\n`,
      '0\r\nContent-Length: 5\r\n\r\n',
    ],
    ...[
      '00\r\n\r\n',
      '0;a\r\n\r\n',
      '0\n\n',
      '0\r\n\n',
      '0\r\n',
      '0 \r\n\r\n',
      '',
      '0\r\nHost: x\r\n\r\n',
      '-0\r\n\r\n',
    ],
  ],
  30,
);

const chunked = fc
  .tuple(fc.array(fc.tuple(text, size), { maxLength: 2 }), lastChunk)
  .map(([chunks, last]): Framing => {
    const parts = chunks.filter(([data]) => data !== '').map(([data, write]) => write(data));
    return { headers: ['Transfer-Encoding: chunked'], body: parts.join('') + last };
  });

/** Nothing, a length, or chunks; sometimes both, sometimes a body that nobody announced. */
export const framing: Arbitrary<Framing> = fc.oneof(
  { weight: 16, arbitrary: fc.constant({ headers: [], body: '' }) },
  { weight: 12, arbitrary: announced },
  { weight: 12, arbitrary: chunked },
  { weight: 1, arbitrary: text.map((body) => ({ headers: [], body })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(announced, chunked)
      .map(([a, b]) => ({ headers: [...a.headers, ...b.headers], body: b.body })),
  },
);
