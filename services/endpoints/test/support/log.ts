import { createLog } from '@plugmesh/shared/log';

/** Of what a test does not look at. */
export const silent = createLog({ name: 'test', level: 'silent' });
