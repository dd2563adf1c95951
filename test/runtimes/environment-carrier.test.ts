import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ROOT_CONTEXT } from '../../src/core/context.ts';
import { environmentSetter } from '../../src/propagation/environment-carrier.ts';
import { W3CTraceContextPropagator } from '../../src/propagation/trace-context.ts';
import { run } from '../docs/program.ts';
import { DENO_WITHOUT_FILES, programsFolder, RUNTIMES, type Runtime } from './runtime.ts';

const SENT = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03',
  tracestate: 'congo=t61rcWkgMzE',
};

/** Returns the context that a child process finds if it is started with that of {@link SENT}. */
async function foundBy({ command, args }: Runtime): Promise<object[]> {
  const propagator = new W3CTraceContextPropagator();
  const environment: Record<string, string> = {};
  propagator.inject(propagator.extract(ROOT_CONTEXT, SENT), environment, environmentSetter);
  const folder = programsFolder();
  const { code, stdout, stderr } = await run(command, [...args, `${folder}/child.mjs`], folder, environment);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as object[];
}

describe('a child process finds the trace of its parent in its environment', () => {
  for (const runtime of RUNTIMES) {
    test(`on ${runtime.name}`, async () => {
      for (const found of await foundBy(runtime)) assert.deepEqual(found, SENT);
    });
  }

  test('but nothing on Deno without the permission', async () => {
    const args = DENO_WITHOUT_FILES.args.filter((arg) => arg !== '--allow-env');
    assert.deepEqual(await foundBy({ ...DENO_WITHOUT_FILES, args }), [{}, {}]);
  });
});
