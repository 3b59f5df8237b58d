import { askablePaths, describedPaths } from '../askable-paths.ts';
import { type Check, failed, passed, skipped } from '../check.ts';
import type { TriedTokens } from '../stand-in-mesh.ts';
import type { Subject } from '../subject.ts';
import { IDENTITY_HEADER } from '../../identity/index.ts';
import { compileRoutes } from '../../mesh-document/index.ts';

/** A token, and how it is told of. */
const WRONG: readonly (readonly [keyof TriedTokens, string])[] = [
  ['forged', 'signed with a key that the mesh does not know'],
  ['misaddressed', 'meant for another plugin'],
];

/** That it takes who asks from the mesh, and from nobody else. */
export const identityChecks: readonly Check[] = [
  {
    id: 'identity',
    level: 2,
    sentence: 'answers requests with an identity token, right or wrong, without a 5xx',
    fix: 'verify X-Plugmesh-Identity with the keys at PLUGMESH_URL/.well-known/jwks.json; answer 401 to one that does not count',
    needsProcess: true,
    needs: ['http'],
    async run(subject) {
      const tokens = await subject.bench.mesh.tokens(subject.bench.manifest.name);
      for (const path of new Set(['/', ...(await describedPaths(subject))])) {
        const without = await statusOf(subject, path);
        for (const [kind, token] of Object.entries(tokens)) {
          const status = await statusOf(subject, path, token as string);
          if (status >= 500 && without < 500)
            return failed(
              `GET ${path} is answered with ${status} to a ${kind} token, and with ${without} without one`,
            );
        }
      }
      return passed();
    },
  },
  {
    id: 'identity-verified',
    level: 2,
    sentence: 'takes nobody at their word on routes for sessions and administrators',
    fix: 'verify signature (EdDSA), audience (its own name), issuer (plugmesh) and exp of X-Plugmesh-Identity, with any JWT library',
    needsProcess: true,
    needs: ['identity'],
    async run(subject) {
      const paths = await closedPaths(subject);
      if (paths.length === 0)
        return skipped('it has no GET for sessions or administrators that can be asked without parameters');
      const tokens = await subject.bench.mesh.tokens(subject.bench.manifest.name);
      const trusting: string[] = [];
      for (const path of paths) {
        if (isGood(await statusOf(subject, path))) {
          trusting.push(path);
          continue;
        }
        for (const [kind, what] of WRONG) {
          const status = await statusOf(subject, path, tokens[kind]);
          if (isGood(status))
            return failed(`GET ${path} is answered with ${status} to a token that is ${what}`);
        }
      }
      return passed(
        trusting.length === 0
          ? undefined
          : `it trusts its network on ${trusting.join(', ')}: who reaches its port needs no identity`,
      );
    },
  },
];

async function closedPaths(subject: Subject): Promise<string[]> {
  const guardOf = compileRoutes(subject.http);
  const paths = await askablePaths(subject);
  return paths.filter((path) => ['session', 'admin'].includes(guardOf(path, 'GET').guard));
}

async function statusOf(subject: Subject, path: string, token?: string): Promise<number> {
  const headers = token === undefined ? {} : { [IDENTITY_HEADER]: token };
  return (await subject.ask(subject.pathAt(path), { headers })).status;
}

function isGood(status: number): boolean {
  return status >= 200 && status < 300;
}
