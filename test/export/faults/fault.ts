/** What a server does with a connection or a request; JSON, so that it can be told to a server in another process. */
export type Fault = (Answer | Raw | Break | Silence | Flood | SlowReader) & {
  /**
   * The requests that meet it, where not all do: those that are not the first of their connection, or those that have
   * this text in their body (once the whole is there).
   */
  only?: 'kept' | { text: string };
};

/** An answer, in due form. Of default, that of a collector which takes everything. */
export interface Answer {
  kind: 'answer';
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  /** Says in the body what the headers of the request were; in the message of a partial success where there is one. */
  echoes?: boolean;
  /** A partial success: the first so many spans are not taken. */
  rejected?: number;
  /** What a partial success says. */
  message?: string;
  delayMillis?: number;
  /** Requests with fewer bytes are taken. */
  overBytes?: number;
  /** Closes the connection in good order after so long without a request. */
  idleMillis?: number;
}

/** Bytes in the place of an answer, in Latin-1. */
export interface Raw {
  kind: 'raw';
  bytes: string;
  /** They are a 2xx after all. */
  isAnswer?: boolean;
}

/** The connection breaks: before anything is read, after half of the request, after the whole; within the answer's head, within its body, behind it. */
export interface Break {
  kind: 'break';
  at: 'connection' | 'half' | 'request' | 'head' | 'body' | 'answer';
  /** In good order; else it is reset. */
  gently?: boolean;
}

/** Nothing is read; or nothing is answered, or no more than half of the head or of the body. */
export interface Silence {
  kind: 'silence';
  at: 'connection' | 'request' | 'head' | 'body';
}

/** An answer of 100 MB. */
export interface Flood {
  kind: 'flood';
  status: number;
  framing: 'chunked' | 'length';
}

/** Reads a kilobyte a second. */
export interface SlowReader {
  kind: 'slow reader';
}

export const HEALTHY: Fault = { kind: 'answer' };
