import { describedPaths } from '../askable-paths.ts';
import { type Check, failed, missing, passed, skipped } from '../check.ts';
import type { Operation } from '../description.ts';
import type { Subject } from '../subject.ts';
import { compileRoutes } from '../../mesh-document/index.ts';

const NEEDS = ['openapi'];

/** That it describes its API, and as its manifest has it. */
export const describingChecks: readonly Check[] = [
  {
    id: 'openapi',
    level: 2,
    sentence: 'describes its API: valid OpenAPI 3.0 or 3.1 where the manifest says',
    fix: "serve an OpenAPI document at /openapi.json; frameworks make it from the routes, another path is 'http.openapi'",
    needs: ['http'],
    async run(subject) {
      const description = await subject.description();
      if (description.kind === 'absent') return missing(description.why);
      if (description.kind === 'valid') return passed();
      return failed(description.why, {
        fix: 'correct the document; the schemas are at https://spec.openapis.org/oas',
        ...(description.lines ? { lines: description.lines } : {}),
      });
    },
  },
  {
    id: 'openapi-routes',
    level: 2,
    sentence: 'describes every route that its manifest has a rule for',
    fix: "describe the route, or take the rule out of 'http.routes'",
    needs: NEEDS,
    async run(subject) {
      const described = await operationsOf(subject);
      const rules = subject.http.routes.filter(({ path }) => !path.includes('*'));
      if (rules.length === 0) return skipped('the manifest has no rule for one path');
      for (const { path, methods = [] } of rules) {
        const there = described.filter(
          (each) => fits(each.path, subject.pathAt(path)) || fits(each.path, path),
        );
        const lost = methods.find((method) => !there.some((each) => each.method === method));
        if (there.length > 0 && lost === undefined) continue;
        if (await isPage(subject, path)) continue;
        return failed(
          `'${there.length === 0 || lost === undefined ? path : `${lost} ${path}`}' has a rule and no description`,
        );
      }
      return passed();
    },
  },
  {
    id: 'openapi-guards',
    level: 2,
    sentence: 'says of no operation something else about who may call it than its guard does',
    fix: "leave 'security' out: the mesh fills it in from the guards; or make both say the same",
    needs: NEEDS,
    async run(subject) {
      const guardOf = compileRoutes(subject.http);
      const contradictions = (await operationsOf(subject)).flatMap(({ method, path, security }) => {
        const { guard } = guardOf(withoutPrefix(subject, path).replace(/\{[^}]*\}/g, 'x'), method);
        if (security === undefined || (security === 'open') === (guard === 'public')) return [];
        const says = security === 'open' ? 'that anybody may call it' : "that it takes 'security'";
        return [`${method} ${path}: the description says ${says}, its guard is '${guard}'`];
      });
      const [first] = contradictions;
      if (first === undefined) return passed();
      return failed(first, { lines: contradictions.slice(1) });
    },
  },
  {
    id: 'openapi-prefix',
    level: 2,
    sentence: "writes its paths without the mesh's prefix",
    fix: "write '/v1/near', not '/api/<name>/v1/near': the mesh puts the prefix before it",
    needs: NEEDS,
    async run(subject) {
      const { prefix, http } = subject;
      if (prefix === '' || !http.stripPrefix) return skipped('no prefix is taken away');
      const twice = (await operationsOf(subject)).find(
        ({ path }) => path.startsWith(`${prefix}/`) || path === prefix,
      );
      return twice ? failed(`'${twice.path}' would be ${prefix}${twice.path} in the mesh`) : passed();
    },
  },
  {
    id: 'operations',
    level: 2,
    sentence: 'answers each GET that it describes and that needs no parameter, without a 5xx',
    fix: 'answer with what is there, and a wrong request with a 4xx',
    needs: NEEDS,
    async run(subject) {
      const paths = await describedPaths(subject);
      if (paths.length === 0) return skipped('it describes no GET without parameters');
      for (const path of paths) {
        const { status } = await subject.ask(subject.pathAt(path));
        // 501 and 503 are said on purpose: not here, not now.
        if (status >= 500 && status !== 501 && status !== 503)
          return failed(`GET ${path} is answered with ${status}`);
      }
      return passed();
    },
  },
];

async function operationsOf(subject: Subject): Promise<readonly Operation[]> {
  const description = await subject.description();
  return description.kind === 'valid' ? description.operations : [];
}

/** Pages are looked at, not described. */
async function isPage(subject: Subject, path: string): Promise<boolean> {
  const { headers } = await subject.ask(subject.pathAt(path));
  return /text\/html/i.test(headers['content-type'] ?? '');
}

/** As guards see paths. */
function withoutPrefix({ prefix, http }: Subject, path: string): string {
  return !http.stripPrefix && path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
}

/** Whether a described path, `/v1/{id}`, stands for this one. */
function fits(described: string, path: string): boolean {
  const segments = path.split('/');
  const own = described.split('/');
  return (
    own.length === segments.length && own.every((each, at) => each === segments[at] || /^\{.*\}$/.test(each))
  );
}
