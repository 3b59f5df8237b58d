import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Guide } from '../mesh/support/guide.ts';

/** A web server of the guide, at a port of its own with TLS. */
export interface WebServer {
  readonly name: string;
  /** What has to be installed, when it is not there. */
  readonly missing: string | undefined;
  /** The blocks of the guide that are its configuration. */
  readonly blocks: readonly string[];
  /** Writes its configuration from the guide's blocks and returns how it is started. */
  prepare(guide: Guide, folder: string): Promise<readonly string[]>;
}

const nginx = findOnPath('nginx', '/usr/sbin/nginx');
const caddy = findOnPath('caddy');

/** Debian's nginx, without a service of its own. */
export const NGINX: WebServer = {
  name: 'nginx',
  blocks: ['plugmesh-proxy.conf', 'plugmesh.conf', 'under a path'],
  missing: nginx === undefined ? 'install nginx' : undefined,
  async prepare(guide, folder) {
    const server = guide.text('plugmesh.conf').replace(/\}\s*$/, `${guide.text('under a path')}}\n`);
    await writeFile(join(folder, 'plugmesh-proxy.conf'), guide.text('plugmesh-proxy.conf'));
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${folder}/${kind};`,
    );
    const http = ['access_log off;', ...temporary, server].join('\n');
    const main = `daemon off;\npid ${folder}/nginx.pid;\nevents {}\nhttp {\n${http}}\n`;
    await writeFile(join(folder, 'nginx.conf'), main);
    return [nginx ?? '', '-e', 'stderr', '-c', join(folder, 'nginx.conf')];
  },
};

/** Caddy, where it is on PATH: no Debian of ours has it. */
export const CADDY: WebServer = {
  name: 'Caddy',
  blocks: ['whole name in Caddy', 'under a path in Caddy'],
  missing: caddy === undefined ? 'put caddy on PATH' : undefined,
  async prepare(guide, folder) {
    const [path, whole] = [guide.text('under a path in Caddy'), guide.text('whole name in Caddy')];
    const tls = `tls ${folder}/example.org.crt ${folder}/example.org.key`;
    // One name can have one block: what serves the whole name comes after what serves the path.
    const both = path.replace(/\}\s*$/, whole.slice(whole.indexOf('{') + 1)).replace('{', `{\n${tls}\n`);
    const file = join(folder, 'Caddyfile');
    await writeFile(file, `{\nadmin off\nauto_https disable_redirects\n}\n${both}`);
    return [caddy ?? '', 'run', '--config', file];
  },
};

/** A certificate for localhost that nobody has signed: `<name>.crt` and `<name>.key`. */
export function makeCertificate(name: string): void {
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const files = ['-keyout', `${name}.key`, '-out', `${name}.crt`];
  execFileSync('openssl', ['req', ...kind, ...subject, ...files], { stdio: 'ignore' });
}

function findOnPath(...candidates: readonly string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(':');
  const places = candidates.flatMap((name) =>
    name.startsWith('/') ? [name] : folders.map((folder) => join(folder, name)),
  );
  return places.find((place) => existsSync(place));
}
