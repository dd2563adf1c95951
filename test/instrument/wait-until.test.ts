import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ROOT_CONTEXT, suppressTracing } from '../../src/core/context.ts';
import { processState } from '../../src/core/process-state.ts';
import { waitUntilOf } from '../../src/instrument/wait-until.ts';

/** A context as runtimes have it: its method works on nothing else. */
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

/** That what waits for these arguments waits in `context`. */
function assertWaits(args: readonly unknown[], context: ExecutionContext): void {
  const promise = Promise.resolve();
  waitUntilOf(args)?.(promise);
  assert.deepEqual(context.waiting, [promise]);
  assert.equal(context.waiting[0], promise, 'another promise');
}

/** Calls `run` where servers find a request context under a symbol of the process. */
function withRequestContext(name: string, holder: unknown, run: () => void): void {
  const globals = globalThis as Record<symbol, unknown>;
  globals[Symbol.for(name)] = holder;
  try {
    run();
  } finally {
    delete globals[Symbol.for(name)];
  }
}

describe('what an event can wait in', () => {
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

  it('is the request of srvx, where the process does not go on by itself', () => {
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

  it('is not there on servers of Node, Bun and Deno', () => {
    const server = { upgrade: () => false, requestIP: () => null };
    const info = { remoteAddr: { hostname: '127.0.0.1' }, completed: Promise.resolve() };
    for (const args of [[], [request], [request, server], [request, info], [request, { waitUntil: true }]]) {
      assert.equal(waitUntilOf(args), undefined);
    }
  });

  it('tells of what the application hands to it, event after event, and not of what is its own', () => {
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

  it('hands on all that there is, and what comes back', () => {
    const context = { waitUntil: (...args: unknown[]) => ['kept', ...args] };
    waitUntilOf([request, env, context], () => {});
    const work = Promise.resolve();
    assert.deepEqual(context.waitUntil(work, 'x'), ['kept', work, 'x']);
  });

  it('is watched once, although each event has another object in front of it', () => {
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

  it('does not tell of what a flush hands to it', () => {
    const context = new ExecutionContext();
    const waitUntil = waitUntilOf([request, env, context], () => assert.fail('it would be flushed again'));
    processState.contextStorage.run(suppressTracing(ROOT_CONTEXT), () => context.waitUntil(Promise.resolve()));
    waitUntil?.(Promise.resolve());
    assert.equal(context.waiting.length, 2);
  });

  it('waits in one that takes no other in its place', () => {
    const context = Object.freeze(new ExecutionContext());
    const waitUntil = waitUntilOf([request, env, context], () => assert.fail('it cannot be watched'));
    waitUntil?.(Promise.resolve());
    context.waitUntil(Promise.resolve());
    assert.equal(context.waiting.length, 2);
  });

  it('is looked for without an error, whatever the arguments are', () => {
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
