import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { traceHandler } from '../../src/instrument/handler.ts';
import type { HandlerOptions } from '../../src/instrument/handler-options.ts';
import { W3CTraceContextPropagator } from '../../src/propagation/trace-context.ts';
import { Recorder } from '../core/recorder.ts';
import type { DecodedSpan } from '../oracle/otlp.ts';

// The numbers of OTLP.
const INTERNAL = 1;
const SERVER = 2;
const CONSUMER = 5;
const ERROR = 2;

/** Returns the span of an event of a Worker or a Durable Object. */
async function spanOfEvent(name: string, args: unknown[], more: HandlerOptions = {}): Promise<DecodedSpan> {
  const recorder = new Recorder();
  const options = { tracer: recorder.tracer, propagator: new W3CTraceContextPropagator(), ...more };
  class Worker {
    [name](...given: unknown[]): string {
      assert.deepEqual(given, args);
      return 'done';
    }
  }
  const worker = new (traceHandler(Worker, options))();
  assert.equal(await worker[name](...args), 'done');
  const spans = recorder.sent();
  assert.equal(spans.length, 1);
  return spans[0];
}

describe('an event of a Worker', () => {
  it('of a cron trigger is an invocation', async () => {
    const span = await spanOfEvent('scheduled', [{ cron: '*/5 * * * *', scheduledTime: Date.UTC(2026, 0, 2) }]);
    assert.deepEqual([span.name, span.kind, span.parentSpanId], ['scheduled */5 * * * *', SERVER, '']);
    assert.deepEqual(span.attributes, {
      'faas.trigger': 'timer',
      'faas.cron': '*/5 * * * *',
      'faas.time': '2026-01-02T00:00:00.000Z',
    });
  });

  it('of an alarm records the number of retries', async () => {
    const span = await spanOfEvent('alarm', [{ isRetry: true, retryCount: 2 }]);
    assert.deepEqual([span.name, span.kind], ['alarm', SERVER]);
    assert.deepEqual(span.attributes, { 'faas.trigger': 'timer', 'faas.alarm.retry_count': 2n });
  });

  it('of another type is an invocation, too', async () => {
    for (const name of ['email', 'tail']) {
      const span = await spanOfEvent(name, [{}]);
      assert.deepEqual([span.name, span.kind, span.attributes], [name, SERVER, { 'faas.trigger': 'other' }]);
    }
  });

  it('of a queue describes the processing', async () => {
    const span = await spanOfEvent('queue', [{ queue: 'jobs', messages: [{ body: 1 }, { body: 2 }] }]);
    assert.deepEqual([span.name, span.kind, span.links], ['process jobs', CONSUMER, []]);
    assert.deepEqual(span.attributes, {
      'faas.trigger': 'pubsub',
      'messaging.system': 'cloudflare_queues',
      'messaging.operation.type': 'process',
      'messaging.operation.name': 'process',
      'messaging.destination.name': 'jobs',
      'messaging.batch.message_count': 2n,
    });
  });

  it('of a queue is linked to the contexts of its messages, if an option says where they are', async () => {
    const carried = (digit: string) => ({ traceparent: `00-${digit.repeat(32)}-${digit.repeat(16)}-01` });
    // `carrierOf` throws for the message without a body.
    const bodies = [{ trace: carried('a') }, {}, null, { trace: carried('b') }];
    const messages = bodies.map((body) => ({ body }));
    const carrierOf = (message: { body: { trace?: object } }) => message.body.trace;
    const span = await spanOfEvent('queue', [{ queue: 'jobs', messages }], { carrierOf });
    assert.deepEqual([span.name, span.kind], ['process jobs', CONSUMER]);
    assert.deepEqual(
      span.links.map((link) => [link.traceId, link.spanId]),
      [
        ['a'.repeat(32), 'a'.repeat(16)],
        ['b'.repeat(32), 'b'.repeat(16)],
      ],
    );
  });
});

describe('an event of a WebSocket', () => {
  const connectionId = (socket: { id: string }) => socket.id;

  it('of a socket whose id cannot be read lacks only the id', async () => {
    const ofAttachment = (socket: { deserializeAttachment(): { id: string } }) => socket.deserializeAttachment().id;
    const socket = { deserializeAttachment: () => null };
    const span = await spanOfEvent('webSocketMessage', [socket, 'hello'], { connectionId: ofAttachment });
    assert.equal(span.name, 'connection.message.receive');
    assert.deepEqual(span.attributes, {
      'connection.type': 'websocket',
      'connection.state': 'active',
      'message.direction': 'receive',
      'message.size': 5n,
    });
  });

  it('of a message records its size', async () => {
    const binary = new Uint8Array(3200).buffer;
    for (const [message, size] of [
      ['héllo', 6n],
      [binary, 3200n],
    ]) {
      const span = await spanOfEvent('webSocketMessage', [{ id: 'one' }, message], { connectionId });
      assert.deepEqual([span.name, span.kind], ['connection.message.receive', INTERNAL]);
      assert.deepEqual(span.attributes, {
        'connection.id': 'one',
        'connection.type': 'websocket',
        'connection.state': 'active',
        'message.direction': 'receive',
        'message.size': size,
      });
    }
  });

  it('of an ignored message has no span', async () => {
    const wanted: [messages: HandlerOptions['messages'], sizes: bigint[]][] = [
      ['all', [5n, 3200n]],
      ['text', [5n]],
      ['none', []],
      [({ size }) => size > 100, [3200n]],
    ];
    for (const [messages, sizes] of wanted) {
      const recorder = new Recorder();
      class Room {
        webSocketMessage(_socket: object, message: string | ArrayBuffer) {
          return message;
        }
      }
      const room = new (traceHandler(Room, { tracer: recorder.tracer, messages }))();
      for (const message of ['hello', new ArrayBuffer(3200)]) {
        assert.equal(await room.webSocketMessage({}, message), message);
      }
      assert.deepEqual(
        recorder.sent().map(({ attributes }) => attributes['message.size']),
        sizes,
      );
    }
  });

  it('of its end records the reason', async () => {
    const span = await spanOfEvent('webSocketClose', [{}, 1006, 'lost', false]);
    assert.equal(span.name, 'connection.closed');
    assert.deepEqual(span.attributes, {
      'connection.type': 'websocket',
      'connection.state': 'closed',
      'connection.close_code': 1006n,
      'connection.close_reason': 'lost',
      'connection.was_clean': false,
    });
  });

  it('of an error records it', async () => {
    const span = await spanOfEvent('webSocketError', [{}, new RangeError('lost')]);
    assert.deepEqual([span.name, span.status], ['connection.error', { code: ERROR, message: 'lost' }]);
    assert.equal(span.events[0].attributes['exception.type'], 'RangeError');
    assert.deepEqual(span.attributes, {
      'connection.type': 'websocket',
      'connection.state': 'error',
      'error.type': 'RangeError',
    });
  });
});

describe('an event that throws when it is read', () => {
  const hostile = new Proxy(
    {},
    {
      get() {
        throw new Error('no');
      },
    },
  );
  const names = [
    'scheduled',
    'alarm',
    'email',
    'tail',
    'queue',
    'webSocketMessage',
    'webSocketClose',
    'webSocketError',
  ];
  for (const name of names) {
    it(`is still traced: ${name}`, async () => {
      for (const subject of [undefined, null, hostile]) {
        const recorder = new Recorder();
        const fail = () => {
          throw new Error('no');
        };
        const options = { tracer: recorder.tracer, carrierOf: fail, connectionId: fail };
        class Worker {
          [name](): string {
            return 'done';
          }
        }
        const worker = new (traceHandler(Worker, options))() as unknown as Record<
          string,
          (...args: unknown[]) => unknown
        >;
        assert.equal(await worker[name](subject, subject), 'done');
        assert.equal(recorder.ended.length, 1);
      }
    });
  }
});
