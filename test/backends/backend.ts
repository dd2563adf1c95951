import type { BackendName } from './build.ts';

// run.ts passes information to the tests in environment variables, since they run in separate processes.
const programVariable = (name: BackendName) => `TEST_BACKEND_${name.toUpperCase()}`;
const problemVariable = (name: BackendName) => `TEST_BACKEND_${name.toUpperCase()}_PROBLEM`;

/** Tells the tests to be started where a backend's program is. */
export function announceProgram(name: BackendName, path: string): void {
  process.env[programVariable(name)] = path;
}

/** Tells the tests why there is no program. */
export function announceProblem(name: BackendName, problem: string): void {
  process.env[problemVariable(name)] = problem;
}

/** Why the tests that need a backend are skipped; `false` if they are not. */
export function skipWithout(name: BackendName): string | false {
  if (process.env[programVariable(name)]) return false;
  return process.env[problemVariable(name)] ?? `npm run test:backends builds ${name}`;
}

/** The path of a backend's program. */
export function programOf(name: BackendName): string {
  const path = process.env[programVariable(name)];
  if (!path) throw new Error(`there is no ${name}`);
  return path;
}
