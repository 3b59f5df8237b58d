import assert from 'node:assert/strict';
import { rawRequest, type RawAnswer } from './raw-request.ts';
import { RecordingUpstream } from './recording-upstream.ts';
import { TestGateway } from './start-gateway.ts';

/** A gateway with short time limits before a strict upstream, the plugin `ships`; each test begins with nothing seen. */
export class HygieneStage {
  readonly upstream = new RecordingUpstream();
  #gateway: TestGateway | undefined;

  get port(): number {
    if (!this.#gateway) throw new Error('the stage is empty');
    return this.#gateway.port;
  }

  /** Sends lines as they are. */
  readonly send = (...lines: string[]): Promise<RawAnswer> => rawRequest(this.port, lines.join('\r\n'));

  readonly get = (path: string, ...headers: string[]): Promise<RawAnswer> =>
    this.send(`GET ${path} HTTP/1.1`, 'Host: mesh.test', ...headers, '', '');

  /** Sends bytes in parts, and reads for longer than usual when the connection should end. */
  readonly sendBytes = (bytes: string | readonly string[], quietMs?: number): Promise<RawAnswer> =>
    rawRequest(this.port, bytes, quietMs);

  /** How many requests the upstream has seen in this test. */
  readonly forwarded = (): number => this.upstream.requests.length;

  /** Asserts that the answer is this problem, and that the upstream was not asked. */
  readonly refuses = (answer: RawAnswer, status: number, code: string): void => {
    assert.equal(answer.status, status, answer.text);
    const problem = JSON.parse(answer.body) as { code: string; status: number };
    assert.equal(problem.code, code);
    assert.equal(problem.status, status);
    assert.match(answer.text, /content-type: application\/problem\+json/i);
    assert.equal(this.forwarded(), 0, 'the upstream was asked');
  };

  async start(): Promise<void> {
    await this.upstream.listen(0);
    this.#gateway = await TestGateway.start({
      plugins: [{ id: 'ships', urls: [this.upstream.url], http: { maxBody: 1000, aliases: ['/ships'] } }],
      gateway: { limits: { headersTimeoutMs: 400, requestTimeoutMs: 800, idleMs: 1500 } },
    });
  }

  async stop(): Promise<void> {
    await this.#gateway?.stop();
    await this.upstream.stop();
  }
}

/** A suite of the hygiene table on a stage of its own. Whatever it sends, the upstream is sent nothing but HTTP. */
export function describeHygiene(what: string, tests: (stage: HygieneStage) => void): void {
  describe(`request hygiene: ${what}`, () => {
    const stage = new HygieneStage();
    before(() => stage.start());
    after(() => stage.stop());
    beforeEach(() => {
      stage.upstream.requests.length = 0;
      stage.upstream.answer = () => undefined;
    });
    afterEach(() => assert.deepEqual(stage.upstream.garbage, [], 'the upstream was sent what is not HTTP'));
    tests(stage);
  });
}
