import fc from 'fast-check';
import { mostly } from './mostly.ts';

const PREFIXES = ['/api/ships', '/%61pi/sh%69ps', 'http://mesh.test/api/ships'];
const ODD_PREFIXES = [
  ...['/API/ships', '/api/Ships', '//api/ships', '/api//ships', '/api/x/../ships', '/api/./ships', '/ships'],
  ...[
    '/api%2fships',
    '/api\\ships',
    '/api/ships%20',
    '/api/ships;x',
    '/api/shipsx',
    '/api/%73%2568ips',
    'api/ships',
  ],
  ...[
    'http://other.test/api/ships',
    'http://mesh.test@other.test/api/ships',
    'https://mesh.test:443/api/ships',
  ],
  ...[
    'http:/api/ships',
    'mesh.test:80',
    '*',
    '',
    '?/api/ships',
    '/',
    '/%2e%2e/api/ships',
    'HTTP://MESH.test/api/ships',
  ],
];

const SEGMENTS = [
  'a',
  'v1',
  'B-2',
  '~x',
  '%41',
  '%2d',
  '%7e',
  '%c3%a9',
  '%20',
  '%25',
  '%252e',
  "a!$&'()*+,=:@",
  '%40',
];
const ODD_SEGMENTS = [
  ...[
    '..',
    '.',
    '',
    '%2e%2e',
    '%2E.',
    '...',
    '..;',
    ';a=b',
    '%3b',
    '%2f',
    '%2F..',
    '%5c',
    '\\',
    '..\\',
    '%00',
    '%0a',
  ],
  ...[
    '%0d%0aX-A:%20b',
    '%7f',
    '%',
    '%4',
    '%zz',
    '%u0041',
    '%ff',
    '\xe9',
    '\xc0\xae',
    '%c0%ae',
    '#',
    '#/../x',
    '%23',
  ],
  ...['%3f', '"', '<', '{', '|', '^', '`', '[', '\t', '\x01', '\x7f', 'a b', '%2525', '%%32%65'],
];

const QUERIES = ['', '', '?', '?a=1', '?a=%2e%2e/../x', '?a=/b;c', '?%61=%00', '?a?b', '?a=http://x/'];
const ODD_QUERIES = ['?a#b', '?\xe9', '?a b', '?"<>', '?\x01', '?a\\b', '?%', '?[]{}|^`', '#x'];

/** A request target: where the plugin is, what is below it, and a query. */
export const target = fc
  .tuple(
    mostly(PREFIXES, ODD_PREFIXES),
    fc.array(mostly(SEGMENTS, ODD_SEGMENTS, 40), { maxLength: 4 }),
    mostly(['', '/'], ['//', '/.', '/..'], 60),
    mostly(QUERIES, ODD_QUERIES),
  )
  .map(([prefix, segments, end, query]) => [prefix, ...segments].join('/') + end + query);
