import { docker, serviceOf, shortName, type ComposeProject, type Container } from './project.ts';
import type { ContainerFacts } from './observations.ts';

const MIB = 1024 ** 2;

/** User, root, memory and image of each container. */
export async function containerFacts(project: ComposeProject): Promise<Record<string, ContainerFacts>> {
  const containers = await project.containers();
  const facts = await Promise.all(
    containers.map(async (each): Promise<[string, ContainerFacts]> => [shortName(each), await factsOf(each)]),
  );
  return Object.fromEntries(facts);
}

async function factsOf({ Id, Image, HostConfig }: Container): Promise<ContainerFacts> {
  const [user, memory, size] = await Promise.all([
    docker('exec', Id, 'id', '-u'),
    docker('stats', '--no-stream', '--format', '{{.MemUsage}}', Id),
    docker('image', 'inspect', '--format', '{{.Size}}', Image),
  ]);
  return {
    user: Number(user),
    readOnlyRoot: HostConfig.ReadonlyRootfs,
    memoryMiB: parseMemory(memory),
    imageMiB: Math.round(Number(size) / MIB),
  };
}

/** `84.2MiB / 23GiB` → 84.2 */
function parseMemory(text: string): number {
  const [, number = '0', unit = ''] = /^([\d.]+)(\w+)/.exec(text) ?? [];
  return Number(number) * ({ KiB: 1 / 1024, MiB: 1, GiB: 1024 }[unit] ?? Number.NaN);
}

/** What is wrong with how the containers are shut in. */
export async function confinementProblems(
  project: ComposeProject,
  facts: Readonly<Record<string, ContainerFacts>>,
): Promise<string[]> {
  const core = new Set(['mesh', 'gateway', 'channel']);
  const containers = await project.containers();
  return containers.flatMap((each) => {
    const { user, readOnlyRoot } = facts[shortName(each)] ?? { user: 0, readOnlyRoot: false };
    const knowsSecret = each.Config.Env.some((line) => line.startsWith('PLUGMESH_SECRET='));
    const wrong = {
      'runs as root': user === 0,
      'has a root it can write to': !readOnlyRoot,
      'keeps capabilities': !each.HostConfig.CapDrop?.includes('ALL'),
      'knows the secret': knowsSecret && !core.has(serviceOf(each)),
    };
    return Object.entries(wrong).flatMap(([what, isWrong]) =>
      isWrong ? [`${shortName(each)} ${what}`] : [],
    );
  });
}

/** How many sockets each channel container has, as it counts them itself. */
export async function socketSpread(project: ComposeProject, token: string): Promise<Record<string, number>> {
  const channels = (await project.containers()).filter((each) => serviceOf(each) === 'channel');
  const script = `fetch('http://127.0.0.1:2347/metrics', { headers: { authorization: 'Bearer ${token}' } })
    .then((answer) => answer.text()).then((text) => console.log(text))`;
  const counts = channels.map(async (each): Promise<[string, number]> => {
    const text = await docker('exec', each.Id, 'node', '-e', script);
    return [shortName(each), Number(/^plugmesh_channel_sockets (\d+)/m.exec(text)?.[1])];
  });
  return Object.fromEntries(await Promise.all(counts));
}
