export * from './block-list.ts';
export * from './config.ts';
export { variableOf } from './find-setting.ts';
export * from './load-config.ts';
export * from './overrides.ts';
export * from './plugin-environment.ts';
export { PLUGIN_SETTINGS, SETTINGS } from './settings.ts';
export { referencesIn } from './substitute.ts';
export { parseSecrets } from './variables.ts';
