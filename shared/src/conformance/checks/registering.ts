import { PLUGIN_STOP_MS } from '../../processes/index.ts';
import { type Check, failed, missing, type Outcome, passed } from '../check.ts';
import type { RegistryCall } from '../stand-in-mesh.ts';
import type { Subject } from '../subject.ts';
import { until } from '../until.ts';

const REGISTERED_WITHIN_MS = 2000;

/** That it can be anywhere. */
export const registeringChecks: readonly Check[] = [
  {
    id: 'registers',
    level: 3,
    sentence: 'registers itself when PLUGMESH_REGISTER is 1, and takes itself out before it ends',
    fix: 'PUT {"url"} to PLUGMESH_URL/mesh/registry/<plugin>/<instance> every 5 s with PLUGMESH_TOKEN, DELETE it before it ends (docs/guides/plugins-elsewhere.md)',
    needsProcess: true,
    needs: ['http'],
    run: checkRegisters,
  },
];

async function checkRegisters(subject: Subject): Promise<Outcome> {
  const { bench } = subject;
  const { calls } = bench.mesh;
  calls.splice(0);
  const run = await bench.start({ PLUGMESH_REGISTER: '1' });
  const registered = await until(() => calls.find(({ method }) => method === 'PUT'), {
    timeoutMs: REGISTERED_WITHIN_MS,
    signal: bench.signal,
  });
  if (!registered) return missing('it does not register itself');
  const wrong = problemWith(registered, bench.manifest.name);
  if (wrong !== undefined) return failed(wrong);
  await run.endBy('SIGTERM', PLUGIN_STOP_MS);
  const isOut = calls.some(({ method, instance }) => method === 'DELETE' && instance === registered.instance);
  return isOut ? passed() : failed(`it ended on SIGTERM without DELETE of '${registered.instance}'`);
}

function problemWith({ isItsOwn, plugin, body }: RegistryCall, name: string): string | undefined {
  if (!isItsOwn || plugin !== name) return `it registered as '${plugin}' without PLUGMESH_TOKEN as Bearer`;
  const { url } = parse(body);
  return typeof url === 'string' && URL.canParse(url)
    ? undefined
    : `it registered without an 'url': ${body.slice(0, 100)}`;
}

function parse(text: string): { url?: unknown } {
  try {
    return Object(JSON.parse(text)) as object;
  } catch {
    return {};
  }
}
