import type { EndpointHook } from '../../manifest/endpoint-type.ts';
import type { UserIdentity } from '../../identity/index.ts';
import type {
  ConnectAnswer,
  ConnectRequest,
  EndpointEvent,
  InfoAnswer,
  InfoRequest,
  RegisterAnswer,
  RegisterRequest,
  SignAnswer,
  SignRequest,
  UpdateMetadataAnswer,
  UpdateMetadataRequest,
  ValidateRequest,
} from './contract.ts';

/**
 * Makes a request below the endpoint in question: `reach('/api/version')`. TLS and who may be reached are seen to by
 * `endpoints`, which also sends along the token, where there is one. It ends with the callout. Rejects with a `MeshError` of
 * `endpoints` where the endpoint was not reached; every answer of the endpoint itself is one.
 */
export type Reach = (path: string, init?: RequestInit) => Promise<Response>;

/** Makes requests below any endpoint of this plugin's types to which the user acted for is connected, or that is shared. */
export type ReachOf = (guid: string) => Reach;

/** What a hook is asked: the JSON of the contract, with `reach` as a function; where no endpoint is meant, `reachOf` finds one. */
export type Callout<Request> = Readonly<
  Omit<Request, 'reach'> &
    (Request extends { readonly reach: string } ? { reach: Reach } : { reachOf: ReachOf }) & {
      /** The user that `endpoints` asks for, where there is one. */
      actingFor: UserIdentity | undefined;
    }
>;

type Answer<Result> = Promise<Result> | Result;

/**
 * What a type of endpoint does in code: the hooks that `plugin.json` names, no more and no fewer, and `onEvent`. A hook
 * refuses by throwing a `MeshError`, whose code and message the user is told; of anything else only that it failed.
 */
export interface EndpointHooks {
  /** Looks at what answers at a URL that somebody wants to register. */
  info?(callout: Callout<InfoRequest>): Answer<InfoAnswer>;
  /** Changes the record before it is stored. */
  register?(callout: Callout<RegisterRequest>): Answer<RegisterAnswer>;
  /** Makes a token of a user's credentials. */
  connect?(callout: Callout<ConnectRequest>): Answer<ConnectAnswer>;
  /** Throws for a token that does not count. */
  validate?(callout: Callout<ValidateRequest>): Answer<void>;
  /** Says of endpoints, of any type, what this type knows of them. */
  updateMetadata?(callout: Callout<UpdateMetadataRequest>): Answer<UpdateMetadataAnswer>;
  /** Makes headers for one request. */
  sign?(callout: Callout<SignRequest>): Answer<SignAnswer>;
  /**
   * Hears what becomes of endpoints of this type: each event at least once, in order, also of the time when it was not
   * there. When it throws, it hears the event again.
   */
  onEvent?(event: EndpointEvent): Answer<void>;
}

/** The member of `EndpointHooks` for each callout of a manifest. */
export const HOOK_MEMBERS = {
  info: 'info',
  register: 'register',
  connect: 'connect',
  validate: 'validate',
  'update-metadata': 'updateMetadata',
  sign: 'sign',
} as const satisfies Readonly<Record<EndpointHook, keyof EndpointHooks>>;
