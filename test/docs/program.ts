import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import type { Block } from './markdown.ts';

/** One block, or several of which each continues the one before, as a file. */
export interface Program {
  /** The document and line it begins at. */
  readonly name: string;
  readonly code: string;
  /** Why it is compiled and not run; empty where it is run. */
  readonly notRun: string;
  /** What it has to print; `undefined` where the document does not say. */
  readonly output: string | undefined;
}

/** How a process ended, and what it said. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The programs of a document: its TypeScript blocks, with the outputs that stand behind them. */
export function programsOf(blocks: readonly Block[]): Program[] {
  const programs: Mutable<Program>[] = [];
  for (const { document, line, language, code, marker } of blocks) {
    const last = programs.at(-1);
    if (marker === 'output' || marker === 'continues') {
      if (last === undefined) throw new Error(`${document}:${line}: nothing comes before it`);
      if (marker === 'output') last.output = code;
      else last.code = atLine(last.code, line) + code;
    } else if (language === 'ts' || language === 'js') {
      const notRun = /^not run: (.*)$/.exec(marker)?.[1] ?? '';
      programs.push({ name: `${document}:${line}`, code: atLine('', line) + code, notRun, output: undefined });
    }
  }
  return programs;
}

/** The code with empty lines behind it, so that what follows has the line that it has in the document. */
function atLine(code: string, line: number): string {
  return code + '\n'.repeat(Math.max(1, line - code.split('\n').length));
}

/**
 * Writes the programs to `folder` and compiles them against the package's own declarations.
 *
 * @returns What the compiler has to say, and the compiled files in the order of the programs.
 */
export function compile(programs: readonly Program[], folder: string): { problems: string[]; files: string[] } {
  const sources = programs.map(({ name, code }) => {
    const file = join(folder, `${name.replace(/[^\w]/g, '-')}.ts`);
    writeFileSync(file, code);
    return file;
  });
  const program = ts.createProgram(sources, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.esnext.disposable.d.ts'],
    types: ['node'],
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
  return { problems, files: sources.map((file) => file.replace(/\.ts$/, '.js')) };
}

/** Runs a command without the tracing settings that happen to be in the environment of the tests. */
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
    env: { ...Object.fromEntries(environment), ...settings },
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

/** What is printed without what is another with every run of a program: how long its spans took, and which the longest. */
export function withoutTimes(text: string): string {
  return text
    .replace(/\n? {1,2}◄ slowest: .*/g, '')
    .replace(/^ +│0.*\n/gm, '')
    .replace(/ +(\d+(\.\d+)? (µs|ms|s))(( [ ◄] |$)[━─╸◆✗ ]*| +(?=\d+ span))/gm, '  <time>  ')
    .replace(/\+\d+(\.\d+)? (µs|ms|s)\b/g, '+<time>')
    .replace(/ +$/gm, '');
}

/** Whether a line is the one that a document shows: ids are others with every run, and `…` stands for what was left out. */
export function isLike(shown: string, line: string): boolean {
  const pattern = shown
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\b[0-9a-f]{32}\b/g, '[0-9a-f]{32}')
    .replace(/\b[0-9a-f]{16}\b/g, '[0-9a-f]{16}')
    .replace(/\d{4}-\d\d-\d\dT[\d:\\.]+Z/g, '[\\dT:.-]+Z')
    .replaceAll('…', '.*');
  return new RegExp(`^${pattern}$`).test(line);
}
