import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The text of a page of the reference. */
export function referencePage(name: string): string {
  return readFileSync(join(import.meta.dirname, '../../../docs/reference', name), 'utf8');
}

/** The rows of all tables under headings that match, as plain cells; heads and rules are left out. */
export function tableRows(page: string, heading = /^/): string[][] {
  const sections = page.split(/^(?=## )/m).filter((section) => heading.test(section));
  return sections.flatMap((section) =>
    section
      .split('\n')
      .filter((line, at, lines) => line.startsWith('|') && !isHead(line, lines[at + 1]))
      .map((line) =>
        line
          .split(/(?<!\\)\|/)
          .slice(1, -1)
          .map(plain),
      ),
  );
}

function isHead(line: string, next: string | undefined): boolean {
  return isRule(line) || (next !== undefined && isRule(next));
}

function isRule(line: string): boolean {
  return /^\|[\s|:-]+$/.test(line);
}

/** A cell without the marks of Markdown. */
export function plain(cell: string): string {
  return cell.replaceAll('\\', '').trim();
}
