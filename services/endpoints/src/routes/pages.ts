import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addPluginPages } from '@plugmesh/shared/pages';
import type { Router } from 'express';

const FOLDER = join(import.meta.dirname, '../page');

/** The page of endpoints. */
export function addPages(router: Router): void {
  const html = { '/': readFileSync(join(FOLDER, 'endpoints.html'), 'utf8') };
  addPluginPages(router, { folder: FOLDER, html });
}
