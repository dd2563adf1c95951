import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Diagnostic,
  spanFromContext,
  startSpan,
  traceWebSocketHandlers,
  type WebSocketHandlers,
} from '../../src/index.ts';
import { recording } from '../oracle/recording.ts';

/** A socket as Bun's server passes it to its handlers. */
class ServerWebSocket {
  readyState = 1;
  readonly data: { user: string };
  readonly sent: unknown[] = [];

  constructor(user: string) {
    this.data = { user };
  }

  send(message: string | Uint8Array): number {
    return this.sent.push(message);
  }

  sendText(message: string): number {
    return this.sent.push(message);
  }

  close(): void {
    this.readyState = 2;
  }
}

test('sockets that share handlers have the spans of the catalogue, each with its own id and parent', async () => {
  const spans = await recording(() => {
    const call = startSpan('call');
    const heard: unknown[] = [];
    const handlers = traceWebSocketHandlers(
      {
        idleTimeout: 60,
        open(socket: ServerWebSocket) {
          socket.send('welcome');
        },
        async message(socket: ServerWebSocket, message: string | Uint8Array) {
          heard.push(this === handlers, message);
          startSpan('handle').end();
          socket.sendText('é');
        },
        close(_socket: ServerWebSocket, code: number, reason: string) {
          heard.push(code, reason);
        },
      },
      { id: ({ data }) => data.user, parent: () => call, attributes: { tenant: 'acme' } },
    );
    assert.equal(handlers.idleTimeout, 60);
    const [zoe, max] = ['zoe', 'max'].map((user) => new ServerWebSocket(user));
    handlers.open(zoe);
    handlers.open(max);
    handlers.message(zoe, new Uint8Array(320));
    zoe.close();
    handlers.close(zoe, 1000, 'done');
    assert.deepEqual(heard, [true, new Uint8Array(320), 1000, 'done']);
    assert.deepEqual(zoe.sent, ['welcome', 'é']);
    call.end();
  });
  const of = (id: string) => spans.filter(({ attributes }) => attributes['connection.id'] === id);
  assert.deepEqual(
    of('zoe').map(({ name, attributes }) => [name, attributes['message.size'], attributes.tenant]),
    [
      ['connection.created', undefined, 'acme'],
      ['connection.message.send', 7n, 'acme'],
      ['connection.message.send', 2n, 'acme'],
      ['connection.message.receive', 320n, 'acme'],
      ['connection.state_change', undefined, 'acme'],
      ['connection.state_change', undefined, 'acme'],
      ['connection.closed', undefined, 'acme'],
    ],
  );
  const { attributes } = of('zoe')[6];
  assert.deepEqual(
    [attributes['connection.close_code'], attributes['connection.sent_size'], attributes['connection.received_size']],
    [1000n, 9n, 320n],
  );
  const receive = spans.find(({ name }) => name === 'connection.message.receive');
  assert.equal(spans.find(({ name }) => name === 'handle')?.parentSpanId, receive?.spanId);
  assert.equal(of('max').length, 2);
});

test('missing handlers do no harm, and errors of handlers are rethrown', async () => {
  const spans = await recording(() => {
    const error = new Error('not understood');
    const handlers: WebSocketHandlers<ServerWebSocket> = traceWebSocketHandlers({
      message(_socket: ServerWebSocket) {
        throw error;
      },
    });
    const socket = new ServerWebSocket('zoe');
    handlers.open?.(socket);
    assert.throws(() => handlers.message(socket, 'x' as never), error);
    handlers.close?.(socket, 1006, '');
  });
  const [created, receive, , closed] = spans;
  assert.deepEqual([receive.status.message, receive.parentSpanId], ['not understood', created.spanId]);
  assert.equal(closed.attributes['connection.was_clean'], false);
});

test('the handlers of a class stay as they are, inherited or not', () => {
  class Handlers {
    idleTimeout = 60;

    message(_socket: ServerWebSocket, _message: string) {}

    drain() {
      return 'drained';
    }
  }
  const handlers = traceWebSocketHandlers(new Handlers());
  assert.ok(handlers instanceof Handlers, 'they are of another class');
  assert.deepEqual([handlers.drain(), handlers.idleTimeout], ['drained', 60]);
  assert.deepEqual(Object.keys(handlers), ['idleTimeout', 'open', 'message', 'close']);
});

test('nothing is traced before initialize, or for a socket that was open by then', async () => {
  const spans: unknown[] = [];
  const handlers = traceWebSocketHandlers({
    message(socket: ServerWebSocket, message: string) {
      spans.push(spanFromContext().isRecording());
      socket.send(message);
    },
  });
  const socket = new ServerWebSocket('zoe');
  (handlers as WebSocketHandlers<ServerWebSocket>).open?.(socket);
  handlers.message(socket, 'before');
  assert.deepEqual(await recording(() => handlers.message(socket, 'after')), []);
  assert.deepEqual(spans, [false, false]);
  assert.deepEqual(socket.sent, ['before', 'after']);
});

test('a socket or an option that throws leaves the socket untraced, and is reported', async () => {
  const diagnostics: Diagnostic[] = [];
  await recording(
    () => {
      const throwing = () => assert.fail('id');
      const handlers = traceWebSocketHandlers(
        { open: (_: ServerWebSocket) => 'opened', message() {} },
        { id: throwing },
      );
      assert.equal(handlers.open(new ServerWebSocket('zoe')), 'opened');
      assert.equal(handlers.open(Object.freeze(new ServerWebSocket('max'))), 'opened');
    },
    { onDiagnostic: (diagnostic) => diagnostics.push(diagnostic) },
  );
  assert.deepEqual(
    diagnostics.map(({ code, message }) => [code, message.split(':')[1]]),
    [['socket_unreadable', ' id']],
  );
});

test('invalid options are refused', () => {
  for (const [options, message] of [
    [{ id: 'c1' }, 'id: "c1" is not a function'],
    [{ parent: startSpan('call') }, /^parent: .* is not a function$/],
    [{ message: 'none' }, 'message: unknown option; known options are id, parent, attributes, messages'],
  ] as [options: object, message: string | RegExp][]) {
    assert.throws(() => traceWebSocketHandlers({ message() {} }, options), { message });
  }
});
