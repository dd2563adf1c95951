import { PROTOCOLS } from './protocol.ts';

/** The results of the tests of one check over one protocol. */
interface Cell {
  passed: number;
  failed: number;
  skipped: number;
}

/** What Node's test runner reports about a test. */
interface TestReport {
  readonly name: string;
  /** 0 outside of every `describe`. */
  readonly nesting: number;
  readonly skip?: string | boolean;
  readonly details?: { readonly type?: string };
}

// The column for tests that are not about a protocol.
const OTHER = 'other';
const COLUMNS = [...PROTOCOLS, OTHER];

/**
 * Shows which checks were made over which protocols. A row is a `describe`. The first words of a test, such as
 * `over gRPC`, select its column.
 */
export class Table {
  private readonly rows = new Map<string, Map<string, Cell>>();
  /** The names of the suites around the reported test, the outermost first. */
  private readonly path: string[] = [];

  start({ name, nesting }: TestReport): void {
    this.path[nesting] = name;
  }

  end({ name, nesting, skip, details }: TestReport, isPassed: boolean): void {
    if (details?.type === 'suite' && skip === undefined) return;
    const check = this.path[Math.max(0, nesting - 1)];
    const protocol = COLUMNS.find((column) => name.startsWith(`over ${column}`)) ?? OTHER;
    const row = this.rows.get(check) ?? new Map<string, Cell>();
    const cell = row.get(protocol) ?? { passed: 0, failed: 0, skipped: 0 };
    if (skip !== undefined) cell.skipped++;
    else if (isPassed) cell.passed++;
    else cell.failed++;
    this.rows.set(check, row.set(protocol, cell));
  }

  toString(): string {
    const body = [...this.rows].map(([check, row]) => [check, ...COLUMNS.map((column) => textOf(row.get(column)))]);
    const lines = [['', ...COLUMNS], ...body];
    const widths = lines[0].map((_, at) => Math.max(...lines.map((line) => line[at].length)));
    const padded = lines.map((line) => line.map((text, at) => text.padEnd(widths[at])).join('  '));
    return padded.map((line) => line.trimEnd()).join('\n');
  }
}

function textOf(cell: Cell | undefined): string {
  if (cell === undefined) return '–';
  const { passed, failed, skipped } = cell;
  const parts = [failed && `${failed} FAILED`, passed && `${passed} passed`, skipped && `${skipped} skipped`];
  return parts.filter(Boolean).join(', ');
}
