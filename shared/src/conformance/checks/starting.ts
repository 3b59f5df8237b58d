import { networkInterfaces } from 'node:os';
import { type Check, failed, passed, skipped } from '../check.ts';
import { accepts } from '../until-listening.ts';

/** That it comes up, and answers. */
export const startingChecks: readonly Check[] = [
  {
    id: 'listens',
    level: 0,
    sentence: 'listens at the HOST and PORT it is given, within 30 s',
    fix: 'listen on the HOST and PORT of its environment',
    needsProcess: true,
    async run({ bench }) {
      const { port } = await bench.running();
      const outward = Object.values(networkInterfaces())
        .flatMap((addresses) => addresses ?? [])
        .find(({ internal, family }) => !internal && family === 'IPv4');
      if (!outward || !(await accepts(port, outward.address))) return passed();
      return passed(
        'it listens on every address of this machine; HOST says which one: others can go past the gateway',
      );
    },
  },
  {
    id: 'http',
    level: 0,
    sentence: 'answers HTTP',
    fix: 'answer GET / with any status',
    needs: ['listens'],
    async run(subject) {
      const { status } = await subject.ask(subject.pathAt('/'));
      return passed(status >= 500 ? `GET / is answered with ${status}` : undefined);
    },
  },
  {
    id: 'unknown-path',
    level: 0,
    sentence: 'answers a path that it does not know, best with 404',
    fix: 'answer 404 where no route fits',
    needs: ['http'],
    async run(subject) {
      const path = subject.pathAt('/plugmesh-check-knows-no-such-path');
      const { status } = await subject.ask(path);
      if (status === 404) return passed();
      // Who lets nobody in without an identity need not say what is there.
      if (status === 401 || status === 403)
        return passed(`answered with ${status}: it wants to know who asks before it says what is there`);
      if (status >= 500) return failed(`GET ${path} is answered with ${status}`);
      // A class with one handler for all paths does so on purpose.
      return passed(
        `GET ${path} is answered with ${status}: a route for everything hides every mistake in a path`,
      );
    },
  },
  {
    id: 'prefix',
    level: 0,
    sentence: 'serves its paths where the gateway asks for them, with or without its prefix',
    fix: "serve '/', not '/api/<name>/': the gateway takes the prefix away, unless the manifest says 'stripPrefix': false",
    needs: ['http'],
    async run(subject) {
      const { prefix, http } = subject;
      if (prefix === '') return skipped('its prefix is not known; --manifest names its plugin.json');
      const paths = new Set(['/', http.health, ...http.routes.map(({ path }) => path)]);
      for (const path of paths) {
        if (path.includes('*')) continue;
        const wanted = http.stripPrefix || path === http.health ? path : prefix + path;
        const other = wanted === path ? prefix + path : path;
        if ((await subject.ask(wanted)).status !== 404) continue;
        const { status } = await subject.ask(other);
        if (status < 400)
          return failed(
            `${other} is answered with ${status}, ${wanted} with 404`,
            fixFor(http.stripPrefix, prefix),
          );
      }
      return passed();
    },
  },
];

function fixFor(stripPrefix: boolean, prefix: string): { fix?: string } {
  return stripPrefix
    ? {}
    : { fix: `serve below '${prefix}', or take 'stripPrefix': false out of plugin.json` };
}
