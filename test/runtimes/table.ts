import { readFileSync, writeFileSync } from 'node:fs';
import type { Cell } from './conformance.ts';

const SIGNS: Readonly<Record<Cell['state'], string>> = { passed: '✓', failed: '✗', skipped: '–', missing: '?' };

/** Returns a Markdown table with a row for each case and a column for each runtime. */
export function tableOf(cells: readonly Cell[]): string {
  const hosts = [...new Set(cells.map(({ host }) => host))];
  const cases = [...new Set(cells.map((cell) => cell.case))];
  const rows = cases.map((title) => [
    title,
    ...hosts.map((host) => SIGNS[cells.find((cell) => cell.host === host && cell.case === title)?.state ?? 'missing']),
  ]);
  const header = ['', ...hosts];
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Returns a Markdown list of skipped cases, with an item for each reason. */
export function skipsOf(cells: readonly Cell[]): string {
  const skips = new Map<string, { hosts: Set<string>; cases: Set<string> }>();
  for (const { host, case: title, state, why } of cells) {
    if (state !== 'skipped') continue;
    const { hosts, cases } = skips.get(why) ?? { hosts: new Set(), cases: new Set() };
    skips.set(why, { hosts: hosts.add(host), cases: cases.add(title) });
  }
  return [...skips]
    .map(([why, { hosts, cases }]) => `- ${[...hosts].join(', ')} – ${[...cases].join(', ')}: ${why}`)
    .join('\n');
}

const SECTIONS = { table: tableOf, skips: skipsOf };

/**
 * Writes the results between the marks of a document: `<!-- runtimes: table -->` or `<!-- runtimes: skips -->`, and
 * `<!-- end -->`. Marks that the document lacks are skipped.
 *
 * @returns Whether the document was up to date.
 */
export function writeSections(file: URL, cells: readonly Cell[], isWritten: boolean): boolean {
  const before = readFileSync(file, 'utf8');
  let text = before;
  for (const [name, content] of Object.entries(SECTIONS)) {
    const section = new RegExp(`(<!-- runtimes: ${name} -->\n)[^]*?(<!-- end -->)`);
    text = text.replace(section, (_, begin: string, end: string) => `${begin}\n${content(cells)}\n\n${end}`);
  }
  if (isWritten && text !== before) writeFileSync(file, text);
  return text === before;
}
