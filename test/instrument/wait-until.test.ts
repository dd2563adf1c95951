import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ROOT_CONTEXT, suppressTracing } from '../../src/core/context.ts';
import { processState } from '../../src/core/process-state.ts';
import { waitUntilOf } from '../../src/instrument/wait-until.ts';

/** A context like those of runtimes, whose method throws if it is called on another object. */
class ExecutionContext {
  readonly #waiting: Promise<unknown>[] = [];

  waitUntil(promise: Promise<unknown>): void {
    this.#waiting.push(promise);
  }

  get waiting(): readonly Promise<unknown>[] {
    return this.#waiting;
  }
}

const request = new Request('http://worker/');
const env = { NAME: 'value' };

/** Asserts that a promise for these arguments is added to `context`. */
function assertWaits(args: readonly unknown[], context: ExecutionContext): void {
  const promise = Promise.resolve();
  waitUntilOf(args)?.(promise);
  assert.deepEqual(context.waiting, [promise]);
  assert.equal(context.waiting[0], promise, 'another promise');
}

/** Calls `run` with a request context under a global symbol, where servers store it. */
function withRequestContext(name: string, holder: unknown, run: () => void): void {
  const globals = globalThis as Record<symbol, unknown>;
  globals[Symbol.for(name)] = holder;
  try {
    run();
  } finally {
    delete globals[Symbol.for(name)];
  }
}

describe('the object whose waitUntil an event uses', () => {
  it('is the context of a Worker, the third argument', () => {
    const context = new ExecutionContext();
    assertWaits([request, env, context], context);
  });

  it('is the second argument of Next, Netlify, Vercel, and of the events of a Durable Object', () => {
    const context = new ExecutionContext();
    assertWaits([request, context], context);
  });

  it('is the event of a service worker, the first argument', () => {
    const event = Object.assign(new ExecutionContext(), { request });
    assertWaits([event], event);
  });

  it('is the request of srvx, if the process does not stay alive on its own', () => {
    const srvx = (name: string) => Object.assign(new ExecutionContext(), { runtime: { name } });
    const edge = srvx('aws-lambda');
    assertWaits([edge], edge);
    for (const name of ['node', 'bun', 'deno']) assert.equal(waitUntilOf([srvx(name)]), undefined, name);
  });

  for (const name of ['@vercel/request-context', '@next/request-context']) {
    it(`is found under ${name}`, () => {
      const context = new ExecutionContext();
      withRequestContext(name, { get: () => context }, () => assertWaits([request], context));
      withRequestContext(name, { get: () => undefined }, () => assert.equal(waitUntilOf([request]), undefined));
      withRequestContext(name, {}, () => assert.equal(waitUntilOf([request]), undefined));
    });
  }

  it('does not exist on servers of Node, Bun and Deno', () => {
    const server = { upgrade: () => false, requestIP: () => null };
    const info = { remoteAddr: { hostname: '127.0.0.1' }, completed: Promise.resolve() };
    for (const args of [[], [request], [request, server], [request, info], [request, { waitUntil: true }]]) {
      assert.equal(waitUntilOf(args), undefined);
    }
  });

  it('reports what the application passes to it, for each event, but not the package’s own promises', () => {
    const context = new ExecutionContext();
    const told: [number, unknown][] = [];
    for (const event of [1, 2]) {
      const waitUntil = waitUntilOf([request, env, context], (work) => told.push([event, work]));
      const [own, work] = [Promise.resolve(), Promise.resolve()];
      waitUntil?.(own);
      context.waitUntil(work);
      assert.deepEqual(context.waiting.slice(-2), [own, work]);
      assert.equal(told.length, event);
      assert.equal(told[event - 1][0], event);
      assert.equal(told[event - 1][1], work);
    }
  });

  it('passes on all arguments and the result', () => {
    const context = { waitUntil: (...args: unknown[]) => ['kept', ...args] };
    waitUntilOf([request, env, context], () => {});
    const work = Promise.resolve();
    assert.deepEqual(context.waitUntil(work, 'x'), ['kept', work, 'x']);
  });

  it('is wrapped once, even if each event wraps it in another object', () => {
    let waiting = 0;
    let told = 0;
    const target = {
      waitUntil() {
        waiting++;
      },
    };
    for (let event = 1; event <= 20; event++) {
      const host = new Proxy(target, {}) as unknown as ExecutionContext;
      const waitUntil = waitUntilOf([request, env, host], () => told++);
      host.waitUntil(Promise.resolve());
      waitUntil?.(Promise.resolve());
      assert.deepEqual([told, waiting], [event, 2 * event]);
    }
  });

  it('does not report what a flush passes to it', () => {
    const context = new ExecutionContext();
    const waitUntil = waitUntilOf([request, env, context], () => assert.fail('it would be flushed again'));
    processState.contextStorage.run(suppressTracing(ROOT_CONTEXT), () => context.waitUntil(Promise.resolve()));
    waitUntil?.(Promise.resolve());
    assert.equal(context.waiting.length, 2);
  });

  it('works with an object that cannot be replaced', () => {
    const context = Object.freeze(new ExecutionContext());
    const waitUntil = waitUntilOf([request, env, context], () => assert.fail('it cannot be watched'));
    waitUntil?.(Promise.resolve());
    context.waitUntil(Promise.resolve());
    assert.equal(context.waiting.length, 2);
  });

  it('is looked up without an error, whatever the arguments are', () => {
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error('no');
        },
      },
    );
    assert.equal(waitUntilOf([hostile, hostile, hostile]), undefined);
    assert.equal(waitUntilOf([null, undefined, 5]), undefined);
    withRequestContext('@vercel/request-context', hostile, () => assert.equal(waitUntilOf([request]), undefined));
    const context = new ExecutionContext();
    assertWaits([hostile, hostile, context], context);
  });
});
