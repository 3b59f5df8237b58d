export * from './describe-routes.ts';
