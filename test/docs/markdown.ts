import { readFileSync } from 'node:fs';

/** A fenced block of a document. */
export interface Block {
  /** The document's path, as it was given. */
  readonly document: string;
  /** The line of its first line of code, from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** What the HTML comment on the line before it says; empty where there is none. */
  readonly marker: string;
}

/** A row of a table by the titles of the columns. */
export type Row = Readonly<Record<string, string>>;

/** What the tests look at in a document. */
export interface Document {
  readonly path: string;
  readonly blocks: readonly Block[];
  /** Targets of links, blocks left out. */
  readonly links: readonly string[];
  /** What `#…` may point to. */
  readonly anchors: readonly string[];
  readonly tables: readonly (readonly Row[])[];
  /** Everything but the blocks. */
  readonly prose: string;
}

/** Reads a document of the repository. */
export function readDocument(root: URL, path: string): Document {
  const lines = readFileSync(new URL(path, root), 'utf8').split('\n');
  const blocks: Block[] = [];
  const prose: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const fence = /^```(\w*)$/.exec(lines[at]);
    if (fence === null) {
      prose.push(lines[at]);
      continue;
    }
    const end = lines.indexOf('```', at + 1);
    if (end === -1) throw new Error(`${path}:${at + 1}: the block does not end`);
    const marker = /^<!-- (.*) -->$/.exec(lines[at - 1] ?? '')?.[1] ?? '';
    const code = lines.slice(at + 1, end).join('\n');
    blocks.push({ document: path, line: at + 2, language: fence[1], code, marker });
    at = end;
  }
  return {
    path,
    blocks,
    links: [...prose.join('\n').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target),
    anchors: prose.flatMap((line) => /^#+ (.*)$/.exec(line)?.[1] ?? []).map(anchorOf),
    tables: tablesOf(prose),
    prose: prose.join('\n'),
  };
}

/** What GitHub makes of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\- ]/gu, '')
    .replaceAll(' ', '-');
}

function tablesOf(lines: readonly string[]): Row[][] {
  const tables: Row[][] = [];
  for (let at = 1; at < lines.length; at++) {
    if (!/^\|[\s|:-]+\|$/.test(lines[at])) continue;
    const titles = cellsOf(lines[at - 1]);
    const rows: Row[] = [];
    while (lines[++at]?.startsWith('|')) {
      const cells = cellsOf(lines[at]);
      rows.push(Object.fromEntries(titles.map((title, column) => [title, cells[column] ?? ''])));
    }
    tables.push(rows);
  }
  return tables;
}

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}
