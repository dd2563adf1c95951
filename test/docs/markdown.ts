import { readFileSync } from 'node:fs';

/** A fenced block of a document. */
export interface Block {
  /** The document's path, as it was passed. */
  readonly document: string;
  /** The line number of the first line of code, from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** The content of the HTML comment on the line before; empty if there is none. */
  readonly marker: string;
}

/** A row of a table by column title. */
export type Row = Readonly<Record<string, string>>;

/** The parts of a document that the tests use. */
export interface Document {
  readonly path: string;
  readonly blocks: readonly Block[];
  /** Targets of links outside of blocks. */
  readonly links: readonly string[];
  /** The anchors to which links with `#…` may point. */
  readonly anchors: readonly string[];
  readonly tables: readonly (readonly Row[])[];
  /** Everything except the blocks. */
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

/** Returns the anchor that GitHub generates for a heading. */
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
