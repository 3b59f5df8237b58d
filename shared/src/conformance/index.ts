export { type Check, type Level, LEVELS, type Outcome } from './check.ts';
export * from './check-plugin.ts';
export { CHECKS } from './checks.ts';
export { levelLines, resultPrinter } from './print-report.ts';
export * from './report.ts';
export type { CheckResult } from './run-checks.ts';
