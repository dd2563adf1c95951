import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (name: string) => readFileSync(fileURLToPath(new URL(name, import.meta.url)), 'utf8');
const versions = JSON.parse(here('versions.json')) as {
  collector: { builder: string; manifest: Record<string, { gomod: string }[]> };
  jaeger: { module: string; replace: string; program: string };
  zipkin: { artifact: string };
};
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'realtime-ai-trace', 'backends');

/** How each backend is built: commands that leave a file `program` in the folder in which they run. */
const RECIPES = {
  collector: {
    pins: versions.collector,
    files: {
      'manifest.json': JSON.stringify({
        dist: { name: 'program', module: 'collector', output_path: '.' },
        ...versions.collector.manifest,
      }),
    },
    commands: [['go', 'run', versions.collector.builder, '--config', 'manifest.json']],
  },
  jaeger: {
    pins: versions.jaeger,
    // A `replace` applies only in the main module, so this module has to repeat Jaeger's.
    files: { 'go.mod': 'module jaeger\n' },
    commands: [
      ['go', 'mod', 'edit', `-require=${versions.jaeger.module}`, `-replace=${versions.jaeger.replace}`],
      ['go', 'build', '-mod=mod', '-trimpath', '-ldflags=-s -w', '-o', 'program', versions.jaeger.program],
    ],
  },
  zipkin: {
    pins: versions.zipkin,
    // Maven needs a project to copy an artifact under another name.
    files: {
      'pom.xml':
        '<project><modelVersion>4.0.0</modelVersion><groupId>b</groupId><artifactId>b</artifactId><version>1</version></project>',
    },
    commands: [
      ['java', '-version'],
      [
        'mvn',
        '-q',
        '-B',
        'dependency:copy',
        `-Dartifact=${versions.zipkin.artifact}`,
        '-DoutputDirectory=.',
        '-Dmdep.stripVersion=true',
        '-Dmdep.stripClassifier=true',
      ],
      ['mv', 'zipkin-server.jar', 'program'],
    ],
  },
} as const;

/** A backend that tests run against. */
export type BackendName = keyof typeof RECIPES;

export const BACKEND_NAMES = Object.keys(RECIPES) as BackendName[];

/**
 * Returns the path of a backend's program. Builds it unless the cache has it with these pins for this kind of machine.
 *
 * @throws Error that says what is missing, or with the output of the build.
 */
export async function builtBackend(name: BackendName): Promise<string> {
  const { pins, files, commands } = RECIPES[name];
  const key = createHash('sha256').update(JSON.stringify([pins, files, commands, process.platform, process.arch]));
  const folder = join(cache, `${name}-${key.digest('hex').slice(0, 16)}`);
  const program = join(folder, 'program');
  if (existsSync(program)) return program;

  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, `.${name}-`));
  try {
    const start = Date.now();
    console.log(`getting ${name}, which is kept in ${cache}; what Go builds may take minutes`);
    for (const [file, content] of Object.entries(files)) writeFileSync(join(scratch, file), content);
    for (const [program, ...args] of commands) await run(program, args, scratch);
    const kept = join(scratch, 'kept');
    mkdirSync(kept);
    renameSync(join(scratch, 'program'), join(kept, 'program'));
    // Rename the whole folder at once. If another run was faster, keep its folder.
    try {
      renameSync(kept, folder);
    } catch (error) {
      if (!existsSync(program)) throw error;
    }
    console.log(`got ${name} in ${Math.round((Date.now() - start) / 1_000)} s`);
    return program;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

// An unresponsive network must not block the tests forever.
const PATIENCE_MILLIS = 30 * 60_000;
const QUOTED_LINES = 5;

async function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  const child = spawn(command, args, {
    cwd,
    // The build needs no C compiler, and ignores the user's Go workspace.
    env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
    stdio: ['ignore', 'ignore', 'pipe'],
    signal: AbortSignal.timeout(PATIENCE_MILLIS),
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-20_000);
  });
  const [code] = (await once(child, 'close').catch(({ code, message }: NodeJS.ErrnoException) => {
    throw new Error(code === 'ENOENT' ? `${command} is not installed, or not on the PATH` : message);
  })) as [number | null];
  if (code === 0) return;
  const lines = said
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('go: downloading '));
  throw new Error(`${command} ${args[0]} ended with ${code}: ${lines.slice(-QUOTED_LINES).join('\n')}`);
}
