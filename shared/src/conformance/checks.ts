import type { Check } from './check.ts';
import { busChecks } from './checks/bus.ts';
import { describingChecks } from './checks/describing.ts';
import { identityChecks } from './checks/identity.ts';
import { mannersChecks } from './checks/manners.ts';
import { middlewareChecks } from './checks/middleware.ts';
import { registeringChecks } from './checks/registering.ts';
import { startingChecks } from './checks/starting.ts';
import { stoppingChecks } from './checks/stopping.ts';

/** Every check, in the order in which they are run: by level, what others need before them. */
export const CHECKS: readonly Check[] = [
  ...startingChecks,
  ...mannersChecks,
  ...middlewareChecks,
  ...stoppingChecks,
  ...describingChecks,
  ...identityChecks,
  ...busChecks,
  ...registeringChecks,
];
