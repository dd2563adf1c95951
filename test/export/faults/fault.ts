/** What a server does with a connection or a request. It is JSON, so that it can be sent to another process. */
export type Fault = (Answer | Raw | Break | Silence | Flood | SlowReader) & {
  /**
   * Limits the fault to some requests: those after the first of their connection, or those with this text in their body
   * (checked when the body is complete).
   */
  only?: 'kept' | { text: string };
};

/** A well-formed answer. Default: that of a collector that accepts everything. */
export interface Answer {
  kind: 'answer';
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  /** Repeats the request's headers in the body, or in the message of a partial success. */
  echoes?: boolean;
  /** A partial success: this many spans at the beginning are not accepted. */
  rejected?: number;
  /** The message of the partial success. */
  message?: string;
  delayMillis?: number;
  /** Accepts requests of up to this many bytes. */
  overBytes?: number;
  /** Closes the connection gracefully after this long without a request. */
  idleMillis?: number;
}

/** Bytes instead of an answer, in Latin-1. */
export interface Raw {
  kind: 'raw';
  bytes: string;
  /** The bytes are a 2xx response after all. */
  isAnswer?: boolean;
}

/** Breaks the connection: before, during or after the request; during the answer's head or body, or after it. */
export interface Break {
  kind: 'break';
  at: 'connection' | 'half' | 'request' | 'head' | 'body' | 'answer';
  /** Closes the connection gracefully. Otherwise it is reset. */
  gently?: boolean;
}

/** Reads nothing; or answers nothing, or only half of the head or of the body. */
export interface Silence {
  kind: 'silence';
  at: 'connection' | 'request' | 'head' | 'body';
}

/** An answer with 100 MB. */
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
