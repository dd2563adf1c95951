import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { spanOf } from '../../src/instrument/event-span.ts';
import { traceHandler } from '../../src/instrument/handler.ts';
import type { HandlerOptions } from '../../src/instrument/handler-options.ts';
import { W3CTraceContextPropagator } from '../../src/propagation/trace-context.ts';
import { spanId } from '../../src/trace.ts';
import { Recorder } from '../core/recorder.ts';

function tracing(more: HandlerOptions = {}): { recorder: Recorder; options: HandlerOptions } {
  const recorder = new Recorder();
  return { recorder, options: { tracer: recorder.tracer, propagator: new W3CTraceContextPropagator(), ...more } };
}

const request = () => new Request('http://host/');
const namesOf = ({ ended }: Recorder) => ended.map(({ name }) => name);

describe('invalid handlers', () => {
  it('are refused, and so are invalid options', () => {
    for (const wrong of [undefined, null, 'fetch', {}, { fetch: 5 }, { get: () => 'x' }]) {
      assert.throws(() => traceHandler(wrong as unknown as object), {
        name: 'TypeError',
        message: 'handler: a function, a class, or an object with fetch() or another Workers event is required',
      });
    }
    for (const [options, message] of [
      [{ timeoutMillis: 0 }, 'timeoutMillis: 0 is not a number above 0'],
      [{ messages: 'some' }, 'messages: "some" is not one of all, text, none or a function'],
      [{ flush: 'no' }, 'flush: "no" is not true or false or a function'],
      [{ config: 'otlp' }, 'config: "otlp" is not an object or a function'],
      [{ timeBody: 1 }, 'timeBody: 1 is not true or false'],
      [{ carrierOf: 'body' }, 'carrierOf: "body" is not a function'],
      [{ connectionId: 'c1' }, 'connectionId: "c1" is not a function'],
      [{ route: '/x' }, 'route: "/x" is not a function'],
      [{ tracer: {} }, 'tracer: {} is not an object with startSpan()'],
      [{ timeout: 1 }, /^timeout: unknown option; known options are .*timeoutMillis/],
    ] as [options: object, message: string | RegExp][]) {
      assert.throws(() => traceHandler(() => new Response(), options), { message });
    }
  });
});

describe('a function', () => {
  it('is called with the server’s arguments and its `this`', async () => {
    const { options } = tracing();
    const server = { upgrade: () => true };
    const handler = traceHandler(function (this: unknown, ...args: unknown[]) {
      return Response.json([this === server, args[1] === server, args.length]);
    }, options);
    const response = await handler.call(server, request(), server, 3);
    assert.deepEqual(await response.json(), [true, true, 3]);
  });

  it('that is traced twice has one span', async () => {
    const { options, recorder } = tracing();
    const inner = traceHandler((_: Request) => new Response('inner'), options);
    const outer = traceHandler({ fetch: async (given: Request) => inner(given) }, options);
    for (let count = 0; count < 2; count++) assert.equal(await (await outer.fetch(request())).text(), 'inner');
    assert.equal(recorder.ended.length, 2);
  });

  it('may be of any kind', async () => {
    const { options, recorder } = tracing();
    function declared(_request: Request): Response {
      return new Response();
    }
    const handlers: ((request: Request) => Response | Promise<Response>)[] = [
      declared,
      declared.bind(null),
      () => new Response(),
      async () => new Response(),
    ];
    for (const handler of handlers) {
      await traceHandler(handler, options)(request());
    }
    assert.equal(recorder.ended.length, 4);
  });
});

describe('an object', () => {
  it('has its events traced, and is otherwise the same', async () => {
    const { options, recorder } = tracing();
    const original = {
      port: 3000,
      websocket: { message() {} },
      error: () => new Response('oops'),
      async fetch(_request: Request, env: { NAME: string }) {
        return new Response(env.NAME);
      },
      scheduled() {},
    };
    const traced = traceHandler(original, options);
    assert.notEqual(traced, original);
    assert.deepEqual(Object.keys(traced), Object.keys(original));
    assert.deepEqual([traced.port, traced.websocket, traced.error], [3000, original.websocket, original.error]);
    assert.equal(await (await traced.fetch(request(), { NAME: 'name' })).text(), 'name');
    await traced.scheduled();
    assert.deepEqual(namesOf(recorder), ['GET', 'scheduled']);
    await original.fetch(request(), { NAME: 'name' });
    assert.equal(recorder.ended.length, 2, 'the original is traced, too');
  });

  it('remains an instance of its class, with its private members', async () => {
    const { options, recorder } = tracing();
    class App {
      readonly #greeting = 'hello';
      readonly routes = ['/'];
      // Bound to the app, like Hono's.
      fetch = (_request: Request) => new Response(this.#greeting);

      async queue(_batch: object) {
        return this.#greeting;
      }

      get length() {
        return this.routes.length;
      }
    }
    const traced = traceHandler(new App(), options);
    assert.ok(traced instanceof App, 'it is of another class');
    assert.equal(await (await traced.fetch(request())).text(), 'hello');
    const { fetch } = traced;
    assert.equal(await (await fetch(request())).text(), 'hello');
    assert.equal(await traced.queue({ queue: 'jobs', messages: [] }), 'hello');
    assert.equal(traced.length, 1);
    assert.deepEqual(namesOf(recorder), ['GET', 'GET', 'process jobs']);
  });

  it('runs methods and accessors on the original', async () => {
    const { options } = tracing();
    class Base {
      #routes = 0;
      isStrict = false;

      get size() {
        return this.#routes;
      }

      set size(value: number) {
        this.#routes = value;
      }

      route() {
        this.#routes++;
        return this;
      }

      clone() {
        return new Base();
      }
    }
    class App extends Base {
      strict() {
        this.isStrict = true;
      }

      async fetch(_request: Request) {
        return Response.json([this.size, this.isStrict]);
      }
    }
    const original = new App();
    const traced = traceHandler(original, options);
    assert.equal(traced.route(), traced);
    assert.equal(traced.size, 1);
    traced.size = 5;
    traced.strict();
    assert.deepEqual([original.size, original.isStrict, traced.isStrict], [5, true, true]);
    traced.isStrict = false;
    assert.deepEqual(await (await traced.fetch(request())).json(), [5, false]);
    assert.equal(traced.constructor, App);
    assert.deepEqual([traced.route.name, traced.clone().size], ['route', 0]);
    assert.equal(traced.strict.call({ isStrict: false }), undefined);
  });

  it('may be frozen, or a module', async () => {
    const { options, recorder } = tracing();
    const frozen = traceHandler(Object.freeze({ fetch: (_: Request) => new Response('frozen') }), options);
    assert.equal(await (await frozen.fetch(request())).text(), 'frozen');
    const code = 'export const fetch = () => new Response("module")';
    const module = (await import(`data:text/javascript,${code}`)) as { fetch(request: Request): Response };
    const traced = traceHandler(module, options);
    assert.equal(await (await traced.fetch(request())).text(), 'module');
    assert.equal(recorder.ended.length, 2);
  });

  it('called with another `this` by a server has it', async () => {
    const { options } = tracing();
    const server = {};
    const seen: unknown[] = [];
    const original = {
      fetch(this: unknown, _request: Request) {
        seen.push(this);
        return new Response();
      },
    };
    const traced = traceHandler(original, options);
    await traced.fetch(request());
    await traced.fetch.call(server, request());
    assert.deepEqual(seen, [original, server]);
  });
});

/** Like the class of `cloudflare:workers`. */
class DurableObject {
  readonly ctx: object;
  readonly env: object;

  constructor(ctx: object, env: object) {
    this.ctx = ctx;
    this.env = env;
  }
}

describe('a class', () => {
  const context = { waitUntil() {} };
  const env = { NAME: 'name' };

  it('has the events of its instances traced, and is otherwise the same', async () => {
    const { options, recorder } = tracing();
    class Room extends DurableObject {
      static readonly limit = 5;
      readonly #members = new Set<unknown>();

      async fetch(_request: Request) {
        return Response.json([this.env === env, spanId()]);
      }

      alarm() {
        return this.#members.size;
      }

      webSocketMessage(socket: unknown, _message: string) {
        this.#members.add(socket);
      }

      webSocketClose(_socket: unknown, _code: number, _reason: string, _wasClean: boolean) {}

      webSocketError(_socket: unknown, _error: unknown) {}

      count() {
        return this.#members.size;
      }
    }
    const Traced = traceHandler(Room, options);
    assert.deepEqual([Traced.name, Traced.limit, Traced.length], ['Room', 5, Room.length]);
    const room = new Traced(context, env);
    assert.ok(room instanceof Room && room instanceof DurableObject, 'it is of another class');
    assert.deepEqual(Object.keys(room), ['ctx', 'env']);
    const [hasEnv, active] = (await (await room.fetch(request())).json()) as [boolean, string];
    assert.equal(hasEnv, true);
    await room.webSocketMessage('socket', 'hello');
    assert.equal(await room.alarm(), 1);
    await room.webSocketClose('socket', 1000, '', true);
    await room.webSocketError('socket', new Error('lost'));
    assert.equal(room.count(), 1);
    assert.deepEqual(namesOf(recorder), [
      'GET',
      'connection.message.receive',
      'alarm',
      'connection.closed',
      'connection.error',
    ]);
    assert.equal(active, recorder.sent()[0].spanId);
    new Room(context, env).alarm();
    assert.equal(recorder.ended.length, 5, 'the original is traced, too');
  });

  it('can be extended, and events are traced once', async () => {
    const { options, recorder } = tracing();
    const seen: string[] = [];
    class Base extends traceHandler(DurableObject, options) {
      alarm(): unknown {
        seen.push('base');
        return 'base';
      }

      fetch(_request: Request): Response | Promise<Response> {
        return new Response('base');
      }
    }
    class Room extends Base {
      override async alarm() {
        await delay(1);
        return `room over ${await super.alarm()}`;
      }
    }
    const room = new Room(context, env);
    assert.equal(await room.alarm(), 'room over base');
    assert.equal(await (await room.fetch(request())).text(), 'base');
    await new Room(context, env).alarm();
    assert.deepEqual(namesOf(recorder), ['alarm', 'GET', 'alarm']);
    assert.deepEqual(Object.getOwnPropertyNames(room), ['ctx', 'env']);
  });

  it('may be written as a function', async () => {
    const { options, recorder } = tracing();
    function Room() {}
    Room.prototype.alarm = () => 'ring';
    const Traced = traceHandler(Room as unknown as new () => { alarm(): string }, options);
    assert.equal(await new Traced().alarm(), 'ring');
    assert.deepEqual(namesOf(recorder), ['alarm']);
  });

  it('gains no methods', () => {
    const { options } = tracing();
    class Empty {
      list() {}
    }
    const empty = new (traceHandler(Empty, options))();
    for (const name of ['fetch', 'alarm', 'webSocketMessage', 'scheduled']) assert.ok(!(name in empty), name);
  });

  it('fails as before', async () => {
    const { options, recorder } = tracing();
    const failure = new RangeError('full');
    class Room {
      constructor(isFull: boolean) {
        if (isFull) throw failure;
      }

      alarm() {
        throw failure;
      }
    }
    const Traced = traceHandler(Room, options);
    assert.throws(() => new Traced(true), failure);
    await assert.rejects(async () => new Traced(false).alarm(), failure);
    assert.equal(recorder.sent()[0].attributes['error.type'], 'RangeError');
  });

  it('uses waitUntil of its own context', async () => {
    const waiting: Promise<unknown>[] = [];
    let flushes = 0;
    const { options } = tracing({
      flush: async () => {
        flushes++;
      },
    });
    class Room extends DurableObject {
      alarm() {}
    }
    const Traced = traceHandler(Room, options);
    await new Traced({ waitUntil: (promise: Promise<unknown>) => waiting.push(promise) }, env).alarm();
    await Promise.all(waiting);
    assert.deepEqual([waiting.length, flushes], [1, 1]);
  });
});

describe('the span of an event', () => {
  it('is found by the first argument', async () => {
    const { options } = tracing();
    const found: unknown[] = [];
    const worker = traceHandler(
      {
        queue: (batch: object) => found.push(spanOf(batch)?.spanContext().spanId, spanId()),
        scheduled: (controller: object) => found.push(spanOf(controller)?.spanContext().spanId, spanId()),
      },
      options,
    );
    await worker.queue({});
    await worker.scheduled({});
    assert.ok(found[0] && found[2], 'no span is found');
    assert.deepEqual([found[0], found[2]], [found[1], found[3]]);
  });
});
