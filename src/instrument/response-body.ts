/** How a body came to its end, where it was not read to it: given up by who read it, or broken off. */
export interface BodyEnd {
  readonly cancelled?: boolean;
  readonly error?: unknown;
}

/** What is told of a body. */
export interface BodyWatcher {
  /** Somebody begins to read. */
  begin(): void;
  /** It is over, said once or more often. */
  end(how?: BodyEnd): void;
}

type Method = (...args: unknown[]) => unknown;
type Stream = ReadableStream<Uint8Array>;

const READ_WHOLE = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'];

/**
 * Tells `watcher` when the body of `response` has been read, by whatever way. The response stays the same object and its body
 * the same stream; both get methods of their own around those that they have. Another response around it would lose `url` and
 * `redirected`, and have its body piped chunk by chunk where the runtime reads it at once.
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
      // It fails, and what goes on elsewhere is not its business.
      if (isBegun || response.bodyUsed) return read();
      watched.begin();
      return (read() as Promise<unknown>).then(
        (whole) => {
          watched.end();
          return whole;
        },
        (error: unknown) => {
          // What is no JSON was read all the same.
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
    // What stands for a response in a test, or comes of another fetch.
    const { body } = response;
    if (body) watchStream(body, watched);
    return;
  }
  const prototype = Object.getPrototypeOf(response) ?? {};
  const seen = new WeakSet<object>();
  Object.defineProperty(response, 'body', {
    configurable: true,
    get() {
      // Asked each time: after clone() it is another one. And not before: of a body that nobody asks for as a stream, none
      // is made.
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
    // A fetch that is not of the standard has a stream of Node's.
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
    // Says itself what is wrong.
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
    // Who keeps the stream may read on.
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
    // From here on `closed` says nothing of the stream.
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

/** Puts a method in front of one that an object has; nothing where it has none, or takes no other. */
function wrap(object: object, name: string | symbol, around: (native: Method) => Method): void {
  try {
    const native = (object as Record<string | symbol, unknown>)[name];
    if (typeof native !== 'function') return;
    const value = around((...args) => native.apply(object, args));
    Object.defineProperty(object, name, { value, configurable: true, writable: true });
  } catch {
    // A response that is frozen goes on as it is.
  }
}
