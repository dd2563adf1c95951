import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import type { Block } from './markdown.ts';

/** A file made of one block, or of several that continue each other. */
export interface Program {
  /** The document and line where it begins. */
  readonly name: string;
  /** `cjs` if the code calls `require`. */
  readonly extension: 'ts' | 'js' | 'cjs';
  readonly code: string;
  /** Why it is compiled but not run, or the file that it shows; empty if it is run. */
  readonly notRun: string;
  /** The output that it must print; `undefined` if the document shows none. */
  readonly output: string | undefined;
}

/** The result and output of a process that has ended. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Returns the programs of a document: its TypeScript and JavaScript blocks, with the outputs that follow them. */
export function programsOf(blocks: readonly Block[]): Program[] {
  const programs: Mutable<Program>[] = [];
  for (const { document, line, language, code, marker } of blocks) {
    const last = programs.at(-1);
    if (marker === 'output' || marker === 'continues') {
      if (last === undefined) throw new Error(`${document}:${line}: nothing comes before it`);
      if (marker === 'output') last.output = code;
      else last.code = atLine(last.code, line) + code;
    } else if (language === 'ts' || language === 'js') {
      const [, notRun = ''] = /^(?:not run: )?(.*)$/.exec(marker) ?? [];
      const extension = /\brequire\(/.test(code) ? 'cjs' : language;
      programs.push({
        name: `${document}:${line}`,
        extension,
        code: atLine('', line) + code,
        notRun,
        output: undefined,
      });
    }
  }
  return programs;
}

/** Returns the code padded with empty lines, so that appended code has the same line number as in the document. */
function atLine(code: string, line: number): string {
  return code + '\n'.repeat(Math.max(1, line - code.split('\n').length));
}

/**
 * Writes the programs to `folder` and compiles them against the package's declarations.
 *
 * @returns The compiler's problems, and the compiled files in the order of the programs.
 */
export function compile(programs: readonly Program[], folder: string): { problems: string[]; files: string[] } {
  const compiled = join(folder, 'compiled');
  const sources = programs.map(({ name, extension, code }) => {
    const file = join(folder, `${name.replace(/[^\w]/g, '-')}.${extension}`);
    writeFileSync(file, code);
    return file;
  });
  const program = ts.createProgram(sources, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.esnext.disposable.d.ts'],
    types: ['node'],
    allowJs: true,
    checkJs: true,
    outDir: compiled,
    rootDir: folder,
    strict: true,
    noUnusedLocals: false,
    isolatedModules: true,
    skipLibCheck: true,
  });
  const { diagnostics } = program.emit();
  const problems = [...ts.getPreEmitDiagnostics(program), ...diagnostics].map(({ file, start, messageText }) => {
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start ?? 0).line + 1;
    return `${basename(file?.fileName ?? '')}, line ${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
  return { problems, files: sources.map((file) => join(compiled, basename(file).replace(/\.ts$/, '.js'))) };
}

/** Runs a command without any tracing settings from the environment of the tests. */
export async function run(
  command: string,
  args: readonly string[],
  cwd: string,
  settings: Record<string, string> = {},
): Promise<Finished> {
  const environment = Object.entries(process.env).filter(
    ([name]) => !/^(OTEL_|TRACE_|ENVIRONMENT|NODE_TEST)/.test(name),
  );
  const child = spawn(command, args, {
    cwd,
    env: { ...Object.fromEntries(environment), COLUMNS: '100', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/**
 * Returns whether a line matches the one that a document shows. Ids, times, lengths and bars differ between runs, and
 * `…` stands for any text.
 */
export function isLike(shown: string, line: string): boolean {
  const pattern = timeless(shown)
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('…', '.*');
  const printed = timeless(line);
  // The share of the slowest span comes before the details, which are therefore truncated sooner.
  const isCutSooner = printed.endsWith('…') && timeless(shown).startsWith(printed.slice(0, -1).trimEnd());
  return isCutSooner || new RegExp(`^${pattern}$`).test(printed);
}

const LENGTH = /\d+(\.\d+)? (µs|ms|s)(?=\W|$)/g;

/** Replaces ids, times, lengths and bars. Of several events the first and the last are shown, unless they coincide. */
function timeless(line: string): string {
  if (/^ +0( +\d+(\.\d+)? (µs|ms|s))*$/.test(line)) return '<axis>';
  return line
    .replace(/\b[0-9a-f]{32}\b/g, '<trace>')
    .replace(/\b[0-9a-f]{16}\b/g, '<span>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replace(LENGTH, '<length>')
    .replaceAll('<length> to +<length>', '<length>')
    .replace(SHARE, '')
    .replace(/[━╸╺◆]+/g, '━')
    .replace(/ +/g, ' ')
    .trimEnd();
}

const SHARE = /◀ slowest: \d+ % *(?=\S|$)/;

/** Removes lines that only mark the slowest span: in a trace of microseconds, that is random. */
export function withoutShares(lines: readonly string[]): string[] {
  return lines.filter((line) => !(SHARE.test(line) && /^[│ ]*$/.test(line.replace(SHARE, ''))));
}
