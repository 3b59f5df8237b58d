import { describeRoutes, type DescribedRoute } from '@plugmesh/shared/api-description';
import { BODIES } from './routes/bodies.ts';

const ROUTES: readonly DescribedRoute<keyof typeof BODIES>[] = [
  ['post', '/v1/login', 'Log in; sets the session cookie', 'login', 200],
  ['post', '/v1/link', 'Choose a password by a one-time link, and log in', 'link', 200],
  ['post', '/v1/logout', 'End this session', undefined, 204],
  ['get', '/v1/session', 'Who is logged in, until when, and the XSRF token', undefined, 200],
  ['post', '/v1/password', 'Change the password; ends all other sessions', 'password', 200],
  ['get', '/v1/keys', 'Your API keys', undefined, 200],
  ['post', '/v1/keys', 'Make an API key; it is shown once', 'key', 201],
  ['delete', '/v1/keys/{prefix}', 'Revoke an API key', undefined, 204],
  ['get', '/v1/users', 'All users (administrators)', undefined, 200],
  ['post', '/v1/users', 'Create a user, with a one-time link (administrators)', 'newUser', 201],
  ['get', '/v1/users/{name}', 'One user (administrators)', undefined, 200],
  ['patch', '/v1/users/{name}', 'Give a user other roles (administrators)', 'userChange', 200],
  ['post', '/v1/users/{name}/revoke', 'End all that a user has (administrators)', undefined, 200],
  ['get', '/v1/users/{name}/keys', 'API keys of a user (administrators)', undefined, 200],
  ['post', '/v1/users/{name}/keys', 'Make an API key for a user (the operator)', 'key', 201],
  [
    'delete',
    '/v1/users/{name}/keys/{prefix}',
    'Revoke an API key of a user (administrators)',
    undefined,
    204,
  ],
  [
    'post',
    '/v1/users/{name}/reset',
    'Forget a password, with a one-time link (administrators)',
    undefined,
    200,
  ],
];

/** The plugin's API description (OpenAPI 3.1); bodies are described by what checks them. */
export const openapi = {
  openapi: '3.1.0',
  info: { title: 'Accounts', version: '0.1.0', description: 'Users, sessions and API keys of this mesh.' },
  paths: describeRoutes(ROUTES, { bodies: BODIES }),
};
