import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { before, describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BodyReader, FetchedResponse, FetchLike } from '../../src/export/otlp/http.ts';
import { createHttpFetch } from '../../src/platform/http-fetch.ts';
import { isUnsent } from '../../src/platform/unsent.ts';

const strays: unknown[] = [];
process.on('uncaughtExceptionMonitor', (error) => strays.push(error));

before(async () => {
  // Load the modules that are loaded in turns before all tests.
  createHttpFetch('http://127.0.0.1');
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(strays, []);
});

test('a closed client has no idle connection, and keeps none', async (t) => {
  const { url, sockets } = await served(t, (_request, response) => void response.end('taken'));
  const fetch = createHttpFetch(url);
  for (const count of [1, 2]) {
    assert.equal(await textOf(await fetch(url, init())), 'taken');
    const closed = closeOf(sockets[count - 1]);
    fetch.close?.();
    await closed;
    assert.equal(sockets.length, count);
  }
});

describe('a request', () => {
  test('carries method, path, headers and body, and returns status, headers and body', async (t) => {
    const seen: unknown[] = [];
    const { url } = await served(t, async (request, response) => {
      const body = await bytesOf(request);
      const { 'x-tenant': tenant, 'content-length': length, 'transfer-encoding': encoding, host } = request.headers;
      seen.push(request.method, request.url, tenant, length, encoding, host, body.toString());
      response.writeHead(202, { 'X-Answer': 'yes', 'set-cookie': ['a=1', 'b=2'] }).end('taken');
    });
    const fetch = createHttpFetch(url);
    const response = await fetch(`${url}/v1/traces?a=b`, init({ headers: { 'X-Tenant': 'ä' }, body: bytes('spans') }));
    assert.equal(response.status, 202);
    assert.deepEqual(
      ['x-answer', 'X-ANSWER', 'set-cookie', 'x-none'].map((name) => response.headers.get(name)),
      ['yes', 'yes', 'a=1, b=2', null],
    );
    assert.equal(await textOf(response), 'taken');
    const host = new URL(url).host;
    assert.deepEqual(seen, ['POST', '/v1/traces?a=b', 'ä', '5', undefined, host, 'spans']);
  });

  test('succeeds only when all of it has been written, however early the answer is', async (t) => {
    const whole = 16 * 1024 * 1024;
    let received = 0;
    const server = createTcpServer((socket) => {
      t.after(() => socket.destroy());
      socket.on('error', () => {});
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      // The operating system buffers far less than the request.
      setTimeout(() => socket.on('data', (chunk) => (received += chunk.length)), 200);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const fetch = createHttpFetch(url);
    const { status } = await fetch(url, init({ body: new Uint8Array(whole) }));
    assert.equal(status, 200);
    while (received < whole) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  test('sets its own framing headers, whatever the given headers are', async (t) => {
    let seen: unknown;
    const { url } = await served(t, async (request, response) => {
      seen = [request.headers.host, request.headers['content-length'], (await bytesOf(request)).toString()];
      response.end();
    });
    const headers = { Host: 'elsewhere', 'content-length': '1', 'transfer-encoding': 'chunked', connection: 'close' };
    const response = await createHttpFetch(url)(url, init({ headers, body: bytes('spans') }));
    assert.equal(response.status, 200);
    assert.deepEqual(seen, [new URL(url).host, '5', 'spans']);
  });

  test('of 8 MiB arrives whole', async (t) => {
    let received: Buffer | undefined;
    const { url } = await served(t, async (request, response) => {
      received = await bytesOf(request);
      response.end();
    });
    const body = new Uint8Array(8 * 1024 * 1024).map((_, at) => at * 31);
    assert.equal((await createHttpFetch(url)(url, init({ body }))).status, 200);
    assert.ok(received?.equals(body));
  });

  test('respects the bounds of a view of a larger buffer', async (t) => {
    const { url } = await served(t, async (request, response) => response.end(await bytesOf(request)));
    const body = bytes('before|spans|after').subarray(7, 12);
    assert.equal(await textOf(await createHttpFetch(url)(url, init({ body }))), 'spans');
  });

  test('consists of its parts in order', async (t) => {
    let length: string | undefined;
    const { url } = await served(t, async (request, response) => {
      length = request.headers['content-length'];
      response.end(await bytesOf(request));
    });
    const parts = Array.from({ length: 64 }, (_, at) => bytes(`${at} `.repeat(at * at)));
    const whole = parts.map((part) => Buffer.from(part).toString()).join('');
    // Only the exporter knows that this function accepts parts.
    const body = parts as unknown as Uint8Array<ArrayBuffer>;
    assert.equal(await textOf(await createHttpFetch(url)(url, init({ body }))), whole);
    assert.equal(length, String(whole.length));
  });

  test('goes to an IPv6 address', async (t) => {
    const { url } = await served(t, (_, response) => response.end('six'), '::1');
    assert.match(url, /^http:\/\/\[::1\]:/);
    assert.equal(await textOf(await createHttpFetch(url)(url, init())), 'six');
  });

  test('goes to a name', async (t) => {
    const { port } = await served(t, (_, response) => response.end('named'), 'localhost');
    const url = `http://localhost:${port}`;
    assert.equal(await textOf(await createHttpFetch(url)(url, init())), 'named');
  });

  for (const status of [301, 307]) {
    test(`that is answered with ${status} is not redirected`, async (t) => {
      const { url, paths } = await served(t, (_, response) => response.writeHead(status, { location: '/other' }).end());
      assert.equal((await createHttpFetch(url)(url, init())).status, status);
      assert.deepEqual(paths, ['/']);
    });
  }

  test('with a header that cannot be sent is rejected', async (t) => {
    const { url } = await served(t, (_, response) => response.end());
    await assert.rejects(createHttpFetch(url)(url, init({ headers: { 'a b': 'c' } })), TypeError);
  });

  test('is not sent before the call, whatever is loaded in advance', async (t) => {
    const { url, paths } = await served(t, (_, response) => response.end());
    const fetch = createHttpFetch(url);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(paths, []);
    await textOf(await fetch(url, init()));
    assert.deepEqual(paths, ['/']);
  });
  test('is the only one, whatever is loaded during it', async (t) => {
    const { url, paths } = await served(t, (_, response) => response.end());
    const fetch = createHttpFetch(`${url}/asked`);
    await textOf(await fetch(`${url}/asked`, init()));
    // An additional request would use the idle connection.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    await textOf(await fetch(`${url}/asked`, init()));
    assert.deepEqual(paths, ['/asked', '/asked']);
  });
});

describe('a response', () => {
  test('may come in chunks', async (t) => {
    const { url } = await served(t, async (_, response) => {
      for (const part of ['one', 'two', 'three']) {
        response.write(part);
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    });
    const response = await createHttpFetch(url)(url, init());
    assert.equal(response.headers.get('transfer-encoding'), 'chunked');
    assert.equal(await textOf(response), 'onetwothree');
  });

  test('that never ends can be cancelled, which closes its connection', async (t) => {
    const { url, sockets } = await served(t, (_, response) => {
      const write = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', write);
      write();
    });
    const reader = readerOf(await createHttpFetch(url)(url, init()));
    assert.equal((await reader.read()).done, false);
    const closed = closeOf(sockets[0]);
    await reader.cancel();
    await closed;
  });

  test('that is reset midway is an error with a code', async (t) => {
    const { url } = await served(t, (request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half');
      request.socket.resetAndDestroy();
    });
    await assert.rejects(
      async () => textOf(await createHttpFetch(url)(url, init())),
      ({ code }: NodeJS.ErrnoException) => code === 'ECONNRESET',
    );
  });

  test('that breaks off unread does no harm', async (t) => {
    const { url, sockets } = await served(t, (_, response) => void response.writeHead(200).write('half'));
    const fetch = createHttpFetch(url);
    await fetch(url, init());
    sockets[0].resetAndDestroy();
    // The error occurs before the answer to the next request.
    await assert.rejects(fetch(url, init({ signal: AbortSignal.timeout(100) })).then(textOf), { name: 'TimeoutError' });
    assert.deepEqual(strays, []);
  });

  test('that is not HTTP is an error with a code', async (t) => {
    const server = createTcpServer((socket) => socket.on('error', () => {}).end('SSH-2.0\r\n'));
    const url = await listening(t, server);
    await assert.rejects(createHttpFetch(url)(url, init()), ({ code }: NodeJS.ErrnoException) =>
      /^HPE_/.test(String(code)),
    );
  });
});

describe('a connection', () => {
  test('serves one request after the other', async (t) => {
    const { url, sockets } = await served(t, async (request, response) => {
      await bytesOf(request);
      response.end('x'.repeat(100_000));
    });
    const fetch = createHttpFetch(url);
    for (let at = 0; at < 10; at++) await textOf(await fetch(url, init({ body: new Uint8Array(100_000) })));
    assert.equal(sockets.length, 1);
  });

  test('that was closed between two requests is replaced', async (t) => {
    const { url, sockets } = await served(t, (_, response) => response.end());
    const fetch = createHttpFetch(url);
    for (const count of [1, 2, 3]) {
      await textOf(await fetch(url, init()));
      assert.equal(sockets.length, count);
      sockets[count - 1].destroy();
    }
  });

  test('that is closed when the next request is sent on it is replaced, and the request sent again', async (t) => {
    let requests = 0;
    const { url, sockets } = await served(t, async (request, response) => {
      const body = await bytesOf(request);
      // Like a server that has just closed the connection when the request arrives.
      if (++requests === 2) request.socket.destroy();
      else response.end(body);
    });
    const fetch = createHttpFetch(url);
    assert.equal(await textOf(await fetch(url, init({ body: bytes('first') }))), 'first');
    assert.equal(await textOf(await fetch(url, init({ body: bytes('second') }))), 'second');
    assert.deepEqual([requests, sockets.length], [3, 2]);
  });

  test('that is closed after it took a request, by a server that goes down, may have delivered it', async (t) => {
    let requests = 0;
    const { url, close } = await served(t, async (request, response) => {
      const body = await bytesOf(request);
      if (++requests === 2) {
        close();
        request.socket.destroy();
      } else response.end(body);
    });
    const fetch = createHttpFetch(url);
    assert.equal(await textOf(await fetch(url, init({ body: bytes('first') }))), 'first');
    const error = await fetch(url, init({ body: bytes('second') })).catch((reason) => reason);
    assert.deepEqual([requests, isUnsent(error), error.code], [2, false, 'ECONNRESET']);
  });

  test('that is closed a second time is an error: a request is retried only once, on a new connection', async (t) => {
    let requests = 0;
    const { url } = await served(t, (request, response) => {
      if (++requests === 1) response.end();
      else request.socket.destroy();
    });
    const fetch = createHttpFetch(url);
    await textOf(await fetch(url, init()));
    await assert.rejects(fetch(url, init()), { code: 'ECONNRESET' });
    assert.equal(requests, 3);
    await assert.rejects(fetch(url, init()), { code: 'ECONNRESET' });
    assert.equal(requests, 4);
  });

  test('that is refused is an error with a code, by address and by name', async (t) => {
    const { port, close } = await served(t, () => {});
    await close();
    for (const url of [`http://127.0.0.1:${port}`, `http://localhost:${port}`]) {
      const error = await createHttpFetch(url)(url, init()).catch((reason) => reason);
      assert.equal(error.code, 'ECONNREFUSED');
      assert.equal(isUnsent(error), true);
    }
  });

  test('to a host that does not exist is an error with a code', async () => {
    const url = 'http://nowhere.invalid';
    await assert.rejects(createHttpFetch(url)(url, init()), ({ code }: NodeJS.ErrnoException) =>
      ['ENOTFOUND', 'EAI_AGAIN'].includes(String(code)),
    );
  });

  test('that is reset before the answer is an error that is not marked as unsent', async (t) => {
    const server = createTcpServer((socket) =>
      socket.on('error', () => {}).once('data', () => socket.resetAndDestroy()),
    );
    const url = await listening(t, server);
    const error = await createHttpFetch(url)(url, init()).catch((reason) => reason);
    assert.equal(error.code, 'ECONNRESET');
    assert.equal(isUnsent(error), false);
  });
});

describe('the signal', () => {
  const reason = new Error('enough');

  test('that is already aborted prevents a request', async (t) => {
    const { url, paths } = await served(t, (_, response) => response.end());
    await assert.rejects(createHttpFetch(url)(url, init({ signal: AbortSignal.abort(reason) })), reason);
    assert.deepEqual(paths, []);
  });

  test('ends a request that waits for its answer', async (t) => {
    const { url, sockets, requested } = await served(t, () => {});
    const abort = new AbortController();
    const response = createHttpFetch(url)(url, init({ signal: abort.signal }));
    await requested;
    const closed = closeOf(sockets[0]);
    abort.abort(reason);
    await assert.rejects(response, reason);
    await closed;
  });

  test('ends a request whose body is not read', async (t) => {
    const sockets: Socket[] = [];
    const server = createTcpServer({ pauseOnConnect: true }, (socket) => sockets.push(socket.on('error', () => {})));
    t.after(() => sockets.forEach((socket) => void socket.destroy()));
    const url = await listening(t, server);
    const abort = new AbortController();
    const body = new Uint8Array(32 * 1024 * 1024);
    const response = createHttpFetch(url)(url, init({ body, signal: abort.signal }));
    const [socket] = (await once(server, 'connection')) as [Socket];
    // Once part of the body has arrived, the client knows that it is connected.
    socket.resume();
    await once(socket, 'data');
    socket.pause();
    abort.abort(reason);
    await assert.rejects(response, reason);
  });

  test('ends a response midway, and the read fails with the reason', async (t) => {
    const { url, sockets } = await served(t, (_, response) => void response.writeHead(200).write('half'));
    const abort = new AbortController();
    const reader = readerOf(await createHttpFetch(url)(url, init({ signal: abort.signal })));
    assert.equal((await reader.read()).done, false);
    const closed = closeOf(sockets[0]);
    const rest = reader.read();
    abort.abort(reason);
    await assert.rejects(rest, reason);
    await closed;
  });

  test('can be aborted after the end', async (t) => {
    const { url, sockets } = await served(t, (_, response) => response.end('all'));
    const fetch = createHttpFetch(url);
    const abort = new AbortController();
    assert.equal(await textOf(await fetch(url, init({ signal: abort.signal }))), 'all');
    await new Promise((resolve) => setImmediate(resolve));
    abort.abort(reason);
    assert.equal(await textOf(await fetch(url, init())), 'all');
    assert.equal(sockets.length, 1);
  });

  test('without a reason rejects with a default error', async (t) => {
    const { url, requested } = await served(t, () => {});
    const abort = new AbortController();
    const response = createHttpFetch(url)(url, init({ signal: abort.signal }));
    await requested;
    abort.abort();
    await assert.rejects(response, { name: 'AbortError' });
  });
});

describe('the process', () => {
  const program = `
    import { createHttpFetch } from ${JSON.stringify(new URL('../../src/platform/http-fetch.ts', import.meta.url).href)};
    const [url] = process.argv.slice(-1);
    const init = { method: 'POST', headers: {}, body: new Uint8Array(9), redirect: 'manual', signal: new AbortController().signal };
    const response = await createHttpFetch(url)(url, init);
    const { value } = await response.body.getReader().read();
    console.log(response.status, new TextDecoder().decode(value));
  `;
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const run = (url: string) =>
    promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program, url], {
      cwd: root,
    });

  test('waits for a request, and ends although its connection is open', async (t) => {
    const { url, sockets, server } = await served(t, (_, response) => {
      setTimeout(() => response.end('late'), 200);
    });
    // Only the client closes the connection.
    (server as Server).keepAliveTimeout = 0;
    const { stdout } = await run(url);
    assert.equal(stdout, '200 late\n');
    assert.equal(sockets.length, 1);
  });
});

function init(some: Partial<Parameters<FetchLike>[1]> = {}): Parameters<FetchLike>[1] {
  const { signal } = new AbortController();
  return { method: 'POST', headers: {}, body: bytes('body'), redirect: 'manual', signal, ...some };
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new TextEncoder().encode(text));
}

async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function readerOf({ body }: FetchedResponse): BodyReader {
  assert.ok(body !== null);
  return body.getReader();
}

async function textOf(response: FetchedResponse): Promise<string> {
  const reader = readerOf(response);
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value, { stream: true });
  }
}

/** Resolves however it ends. `once` would reject on an error. */
function closeOf(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once('close', resolve));
}

/** Returns the URL of a server that listens until the end of the test. */
async function listening(t: TestContext, server: ReturnType<typeof createTcpServer>, host = '127.0.0.1') {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  t.after(() => {
    if ('closeAllConnections' in server) (server as unknown as Server).closeAllConnections();
    server.close();
  });
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Starts a server, and records its connections and the paths of its requests. */
async function served(t: TestContext, listener: RequestListener, host?: string) {
  const sockets: Socket[] = [];
  const paths: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url);
    listener(request, response);
  }).on('connection', (socket) => sockets.push(socket.on('error', () => {})));
  const requested = once(server, 'request');
  requested.catch(() => {});
  const url = await listening(t, server, host);
  const close = async () => {
    server.close();
    await once(server, 'close');
  };
  return { url, port: new URL(url).port, server, sockets, paths, requested, close };
}
