/** What is kept of a credential, always encrypted, and how another one is got: as the contract with plugins of types has them. */
export type { EndpointToken as Token, OAuth2Token as OAuth2 } from '@plugmesh/sdk';
