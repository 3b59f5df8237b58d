import { type Check, failed, passed, skipped } from '../check.ts';

/** The first answer of a process that has just started takes longer than any later one. */
const TRIES = 3;

/** That it answers the gateway's questions, where it is middleware. */
export const middlewareChecks: readonly Check[] = [
  {
    id: 'middleware',
    level: 0,
    sentence: "answers the gateway's question in the time that the manifest says",
    fix: "answer GET on 'middleware.path' within 'middleware.timeoutMs': 2xx lets a request pass, everything else is the visitor's answer",
    needs: ['http'],
    async run(subject) {
      const { middleware } = subject.manifest ?? {};
      if (!middleware) return skipped('it is not middleware');
      let tookMs = 0;
      for (let tried = 0; tried < TRIES; tried++) {
        const askedAt = performance.now();
        const { status } = await subject.ask(middleware.path, { headers: QUESTION });
        tookMs = performance.now() - askedAt;
        if (status >= 500) return failed(`GET ${middleware.path} is answered with ${status}`);
        if (status === 404)
          return failed(`nothing is at ${middleware.path}, so every visitor would get a 404`);
        if (tookMs <= middleware.timeoutMs) return passed();
      }
      return failed(
        `GET ${middleware.path} took ${tookMs.toFixed(0)} ms, 'timeoutMs' is ${middleware.timeoutMs}`,
      );
    },
  },
];

/** What the gateway says with each question (contracts § 1.5). */
const QUESTION = {
  'x-forwarded-method': 'GET',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'mesh.example',
  'x-forwarded-uri': '/api/ships/v1?near=here',
  'x-forwarded-for': '192.0.2.1',
};
