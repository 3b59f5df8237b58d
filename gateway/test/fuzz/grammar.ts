import fc, { type Arbitrary } from 'fast-check';
import { framing, header, host } from './grammar-headers.ts';
import { target } from './grammar-targets.ts';
import { mostly } from './mostly.ts';

/** Bytes of one connection, as Latin-1: some requests, and one at the end that asks to close. */
export type Stream = string;

const END = 'GET /api/ships/end HTTP/1.1\r\nHost: mesh.test\r\nConnection: close\r\n\r\n';

/** Ends heads and fills bodies that were announced longer than they are, so that no proxy waits for more. */
const FILLING = '\r\n'.repeat(150);

const METHODS = ['GET', 'HEAD', 'POST', 'POST', 'POST', 'PUT', 'PUT', 'PATCH', 'PATCH', 'DELETE', 'OPTIONS'];
const ODD_METHODS = ['get', 'TRACE', 'CONNECT', 'PRI', 'PROPFIND', 'FOO', 'G\tT', 'GET\x00', 'GE(T', ''];
const ODD_VERSIONS = [
  ...['HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/1.2', 'HTTP/3', 'HTTP/01.1', 'HTTP/1.10', 'HTTP/1.1 x'],
  ...['http/1.1', 'HTTP/1,1', 'HTTP /1.1', 'HTTP/1.', ''],
];

const method = mostly(METHODS, ODD_METHODS);
const version = mostly(['HTTP/1.1'], ODD_VERSIONS);
const space = mostly([' '], ['  ', '\t', '\x0b', '\xa0', ''], 60);
const lineEnd = mostly(['\r\n'], ['\n', '\r', '\r\r\n', '\n\r', '\x0b\r\n'], 60);

const request = fc
  .record({
    line: fc.tuple(method, space, target, space, version),
    host,
    headers: fc.array(header, { maxLength: 4 }),
    framing,
    lineEnd,
    before: mostly([''], ['\r\n', '\n', '\r\n\r\n', ' ', '\x00'], 60),
  })
  .map(({ line, host, headers, framing, lineEnd, before }) => {
    const lines = [line.join(''), ...host, ...headers, ...framing.headers];
    // One line of the request ends oddly: which one, its own length decides.
    const odd = lines.join('').length % lines.length;
    const head = lines.map((each, at) => each + (at === odd ? lineEnd : '\r\n')).join('');
    return `${before}${head}\r\n${framing.body}`;
  });

/** Bytes in the middle of it all: removed, doubled, or replaced. */
const scar = fc.record({
  at: fc.nat(4000),
  length: fc.nat(3),
  put: fc.constantFrom('', '\r', '\n', '\r\n', '\r\n\r\n', '\x00', ' ', ':', '0', 'f', '\xff', '%', ','),
});

/** Streams of requests, most of them nearly right: what is wrong in every part is refused by everybody. */
export const stream: Arbitrary<Stream> = fc
  .tuple(
    fc.array(request, { minLength: 1, maxLength: 3 }),
    fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: scar }),
  )
  .map(([requests, scar]) => `${cut(requests.join(''), scar)}${END}${FILLING}${END}`);

function cut(bytes: string, scar: { at: number; length: number; put: string } | null): string {
  if (!scar) return bytes;
  const at = scar.at % bytes.length;
  return bytes.slice(0, at) + scar.put + bytes.slice(at + scar.length);
}
