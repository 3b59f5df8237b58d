export { checkName } from './check-name.ts';
export { KINDS, kindsOf, type Kind } from './kinds.ts';
export { LANGUAGES, type Language } from './languages.ts';
export { writePlugin, type NewPlugin, type WrittenPlugin } from './write-plugin.ts';
