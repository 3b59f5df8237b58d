import { ADMIN, EndpointsProcess, type Answer, type Sending } from './endpoints-process.ts';
import { PlainSystem } from './plain-system.ts';
import { CODED, PLAIN } from './types.ts';

/** What the tests of a `describe` do with the plugin and an external system, which are there for it alone. */
export interface TriedEndpoints {
  readonly endpoints: EndpointsProcess;
  readonly system: PlainSystem;
  readonly send: (method: string, where: string, sending?: Sending) => Promise<Answer>;
  readonly wish: (more?: object) => object;
  /** Registers an endpoint for everybody; resolves to its id. */
  readonly register: (more?: object) => Promise<string>;
  readonly remove: (guid: string) => Promise<Answer>;
  /** How many endpoints there are. */
  readonly stored: () => Promise<number>;
}

/** Starts both before the tests of this `describe`, with the types 'plain' and 'coded', and gives each test empty ones. */
export function tryEndpoints(config: object): TriedEndpoints {
  let endpoints: EndpointsProcess;
  let system: PlainSystem;

  before(async () => {
    [endpoints, system] = await Promise.all([EndpointsProcess.start({ config }), PlainSystem.start()]);
  });
  beforeEach(async () => {
    await endpoints.provide([PLAIN, CODED]);
    endpoints.mesh.hooks.clear();
    endpoints.mesh.callouts.length = 0;
    system.accepts = () => true;
    system.infoStatus = 200;
  });
  afterEach(() => endpoints.unregisterAll());
  after(async () => {
    await endpoints.stop();
    system.stop();
  });

  const send = (method: string, where: string, sending: Sending = {}): Promise<Answer> =>
    endpoints.send(method, `/v1/endpoints${where}`, sending);
  const wish = (more: object = {}): object => ({ type: 'plain', name: 'A system', url: system.url, ...more });
  return {
    get endpoints() {
      return endpoints;
    },
    get system() {
      return system;
    },
    send,
    wish,
    register: (more) => endpoints.register(wish(more)),
    remove: (guid) => send('DELETE', `/${guid}`, { as: ADMIN }),
    stored: async () => (await send('GET', '', { as: ADMIN })).body.endpoints.length as number,
  };
}
