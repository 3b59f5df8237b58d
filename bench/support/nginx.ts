import { existsSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerProcess } from './server-process.ts';

const NGINX = '/usr/sbin/nginx';
const NCHAN = '/usr/lib/nginx/modules/ngx_nchan_module.so';

/** Starts Debian's nginx in the foreground with one worker and this `http` block; undefined where it is not installed. */
export async function startNginx(
  name: string,
  port: number,
  http: string,
  { nchan = false } = {},
): Promise<ServerProcess | undefined> {
  if (!existsSync(NGINX) || (nchan && !existsSync(NCHAN))) {
    console.error(`SKIPPED ${name}: apt-get install nginx libnginx-mod-nchan`);
    return undefined;
  }
  const folder = await mkdtemp(join(tmpdir(), 'plugmesh-nginx-'));
  const file = join(folder, 'nginx.conf');
  await writeFile(
    file,
    `${nchan ? `load_module ${NCHAN};` : ''}
daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr error; user root;
events { worker_connections 20000; }
http { access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
${http} }
`,
  );
  return ServerProcess.start(name, [NGINX, '-c', file, '-p', folder], { port });
}
