/** How a body ended that was not read to its end: its reader cancelled it, or it broke off. */
export interface BodyEnd {
  readonly cancelled?: boolean;
  readonly error?: unknown;
}

/** Receives the events of a body. */
export interface BodyWatcher {
  /** Somebody starts to read. */
  begin(): void;
  /** The body is over. May be called more than once. */
  end(how?: BodyEnd): void;
}

type Method = (...args: unknown[]) => unknown;
type Stream = ReadableStream<Uint8Array>;

const READ_WHOLE = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'];

/**
 * Tells `watcher` when the body of `response` has been read, in whatever way. The response and its body stay the same
 * objects; both get methods that wrap their own. Wrapping the response in another one would lose `url` and
 * `redirected`, and the body would be piped chunk by chunk where the runtime otherwise reads it at once.
 */
export function watchBody(response: Response, watcher: BodyWatcher): void {
  let isBegun = false;
  const watched: BodyWatcher = {
    begin() {
      isBegun = true;
      watcher.begin();
    },
    end: (how) => watcher.end(how),
  };
  for (const name of READ_WHOLE) {
    wrap(response, name, (read) => () => {
      // This call fails, and does not affect the reader that came first.
      if (isBegun || response.bodyUsed) return read();
      watched.begin();
      return (read() as Promise<unknown>).then(
        (whole) => {
          watched.end();
          return whole;
        },
        (error: unknown) => {
          // Invalid JSON was still read to its end.
          watched.end(error instanceof SyntaxError ? undefined : { error });
          throw error;
        },
      );
    });
  }
  wrap(response, 'clone', (clone) => () => {
    const copy = clone() as Response;
    watchBody(copy, watched);
    return copy;
  });
  if (Object.hasOwn(response, 'body')) {
    // A stand-in for a response in a test, or the response of another `fetch`.
    const { body } = response;
    if (body) watchStream(body, watched);
    return;
  }
  const prototype = Object.getPrototypeOf(response) ?? {};
  const seen = new WeakSet<object>();
  Object.defineProperty(response, 'body', {
    configurable: true,
    get() {
      // Read on each access, because clone() replaces it. Not read earlier, because the runtime creates no stream for a
      // body until somebody asks for one.
      const body = Reflect.get(prototype, 'body', response) as Stream | null;
      if (body && !seen.has(body)) {
        seen.add(body);
        watchStream(body, watched);
      }
      return body;
    },
  });
}

function watchStream(stream: Stream, watcher: BodyWatcher): void {
  if (typeof stream.getReader !== 'function') {
    // A non-standard `fetch` may return a Node stream.
    (stream as { once?(event: string, listener: () => void): void }).once?.('close', () => watcher.end());
    return;
  }
  wrap(stream, 'getReader', (getReader) => (...args) => {
    const reader = getReader(...args) as ReadableStreamDefaultReader;
    watcher.begin();
    watchReader(reader, watcher);
    return reader;
  });
  wrap(stream, 'pipeTo', (pipeTo) => (...args) => {
    if (stream.locked) return pipeTo(...args);
    watcher.begin();
    return (pipeTo(...args) as Promise<void>).then(
      () => watcher.end(),
      (error: unknown) => {
        watcher.end({ error });
        throw error;
      },
    );
  });
  wrap(stream, 'pipeThrough', (pipeThrough) => (...args) => {
    const [through, options] = args as [ReadableWritablePair | undefined, StreamPipeOptions | undefined];
    // The native method reports what is wrong.
    if (!through?.writable || stream.locked || through.writable.locked) return pipeThrough(...args);
    stream.pipeTo(through.writable, options).catch(() => {});
    return through.readable;
  });
  wrap(stream, 'tee', (tee) => () => {
    const branches = tee() as Stream[];
    for (const branch of branches) watchStream(branch, watcher);
    return branches;
  });
  wrap(stream, 'cancel', (cancel) => (...args) => {
    if (!stream.locked) watcher.end({ cancelled: true });
    return cancel(...args);
  });
  const iterate =
    (native: Method): Method =>
    (...args) => {
      const iterator = native(...args) as AsyncIterator<Uint8Array>;
      watcher.begin();
      watchIterator(iterator, watcher, (args[0] as StreamIteratorOptions | null | undefined)?.preventCancel === true);
      return iterator;
    };
  wrap(stream, 'values', iterate);
  wrap(stream, Symbol.asyncIterator, iterate);
}

interface StreamIteratorOptions {
  readonly preventCancel?: boolean;
}

function watchIterator(iterator: AsyncIterator<Uint8Array>, watcher: BodyWatcher, isKept: boolean): void {
  wrap(
    iterator,
    'next',
    (next) => () =>
      (next() as Promise<IteratorResult<Uint8Array>>).then(
        (result) => {
          if (result.done) watcher.end();
          return result;
        },
        (error: unknown) => {
          watcher.end({ error });
          throw error;
        },
      ),
  );
  wrap(iterator, 'return', (end) => (value) => {
    // With `preventCancel`, the stream can be read further.
    if (!isKept) watcher.end({ cancelled: true });
    return end(value);
  });
}

function watchReader(reader: ReadableStreamDefaultReader, watcher: BodyWatcher): void {
  let isCancelled = false;
  let isReleased = false;
  wrap(reader, 'cancel', (cancel) => (...args) => {
    isCancelled = true;
    return cancel(...args);
  });
  wrap(reader, 'releaseLock', (releaseLock) => () => {
    // From here on, `closed` says nothing about the stream.
    isReleased = true;
    releaseLock();
  });
  reader.closed.then(
    () => watcher.end({ cancelled: isCancelled }),
    (error: unknown) => {
      if (!isReleased) watcher.end({ error });
    },
  );
}

/** Wraps a method of an object. Does nothing if there is no such method, or if it cannot be replaced. */
function wrap(object: object, name: string | symbol, around: (native: Method) => Method): void {
  try {
    const native = (object as Record<string | symbol, unknown>)[name];
    if (typeof native !== 'function') return;
    const value = around((...args) => native.apply(object, args));
    Object.defineProperty(object, name, { value, configurable: true, writable: true });
  } catch {
    // A frozen response stays as it is.
  }
}
