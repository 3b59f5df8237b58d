import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addPluginPages } from '@plugmesh/shared/pages';
import type { Router } from 'express';

const FOLDER = join(import.meta.dirname, '../page');

/** Path → what stands in the shell: `<name>.html`, with `<name>.js`. */
const PAGES: Readonly<Record<string, { readonly name: string; readonly title: string }>> = {
  '/': { name: 'account', title: 'Your account' },
  '/login': { name: 'login', title: 'Log in' },
  '/link': { name: 'link', title: 'Choose a password' },
};

/** The pages to log in, to choose a password, and of one's account. */
export function addPages(router: Router): void {
  const shell = read('shell.html');
  const html = Object.entries(PAGES).map(([path, { name, title }]) => [
    path,
    fill(shell, { name, title, main: read(`${name}.html`) }),
  ]);
  addPluginPages(router, { folder: FOLDER, html: Object.fromEntries(html) as Record<string, string> });
}

function read(file: string): string {
  return readFileSync(join(FOLDER, file), 'utf8');
}

/** Puts values into `{{…}}`; those that are not named stay. */
function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole);
}
