import { markUnsent } from './unsent.ts';

// The limit of Node's own parser. It also applies to the line with a chunk's size, whose extensions do not matter.
const MAX_HEAD_BYTES = 16 * 1024;

const HEAD = 0;
const CHUNK_SIZE = 1;
/** A body of known length, or the content of a chunk. */
const COUNTED = 2;
const CHUNK_END = 3;
const TRAILERS = 4;
const UNTIL_CLOSE = 5;
const DONE = 6;

const NOTHING = new Uint8Array() as Buffer;

/** Creates the error for an answer that is not HTTP/1.1, with a code like those of Node's parser. */
function malformed(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`the response is not HTTP/1.1: ${code}`), { code });
}

const HTTP2 = 'the server speaks HTTP/2, which OTLP over gRPC uses: set otlpProtocol to grpc, or use port 4318';

/** True for the SETTINGS frame that an HTTP/2 server sends first, whatever the request is. */
function isHttp2(data: Buffer): boolean {
  return data[0] === 0 && data[3] === 4 && data.length > 8 && data.readUInt32BE(5) === 0;
}

/** Parses the answer to one POST request, which may arrive in pieces of any size. */
export class ResponseParser {
  /** 0 until the head is complete. */
  status = 0;
  /** Headers by lower-case name. The values of repeated headers are joined. */
  readonly headers = new Map<string, string>();
  /** True if the connection may serve another request after this answer. */
  isReusable = false;
  private _state = HEAD;
  private _rest: Buffer = NOTHING;
  /** The number of bytes still to come in the state COUNTED. */
  private _left = 0;
  private _isChunked = false;
  private readonly _onBody: (bytes: Buffer) => void;

  constructor(onBody: (bytes: Buffer) => void) {
    this._onBody = onBody;
  }

  get isDone(): boolean {
    return this._state === DONE;
  }

  /** Parses the bytes that have arrived. @throws Error with a `code` for anything that is not HTTP. */
  push(bytes: Buffer): void {
    let data = this._rest.length === 0 ? bytes : Buffer.concat([this._rest, bytes]);
    this._rest = NOTHING;
    while (this._state !== DONE) {
      if (this._state === UNTIL_CLOSE || this._state === COUNTED) {
        if (data.length === 0) return;
        const part = this._state === COUNTED ? data.subarray(0, this._left) : data;
        this._onBody(part);
        data = data.subarray(part.length);
        if (this._state === COUNTED) {
          this._left -= part.length;
          if (this._left === 0) this._state = this._isChunked ? CHUNK_END : DONE;
        }
        continue;
      }
      const isHead = this._state === HEAD;
      // Some servers send an extra line break after their previous answer.
      if (isHead && (data[0] === 13 || data[0] === 10)) {
        data = data.subarray(1);
        continue;
      }
      if (isHead && !'HTTP/1.'.startsWith(data.toString('latin1', 0, 7))) {
        throw isHttp2(data) ? markUnsent(new Error(HTTP2)) : malformed('HPE_INVALID_CONSTANT');
      }
      const end = data.indexOf(isHead ? '\r\n\r\n' : '\r\n');
      if (end > MAX_HEAD_BYTES || (end === -1 && data.length > MAX_HEAD_BYTES)) throw malformed('HPE_HEADER_OVERFLOW');
      if (end === -1) {
        this._rest = data;
        return;
      }
      const text = data.toString('latin1', 0, end);
      data = data.subarray(end + (isHead ? 4 : 2));
      if (isHead) this._readHead(text);
      else if (this._state === CHUNK_SIZE) {
        if (!/^[0-9a-f]{1,12}[ \t]*(;.*)?$/i.test(text)) throw malformed('HPE_INVALID_CHUNK_SIZE');
        this._left = Number.parseInt(text, 16);
        this._state = this._left === 0 ? TRAILERS : COUNTED;
      } else if (this._state === CHUNK_END) {
        if (text !== '') throw malformed('HPE_STRICT');
        this._state = CHUNK_SIZE;
      } else if (text === '') this._state = DONE;
    }
    // Surplus data belongs to no request.
    if (data.length > 0) this.isReusable = false;
  }

  /** Ends the input. Returns true if the answer is complete. */
  end(): boolean {
    if (this._state === UNTIL_CLOSE) this._state = DONE;
    return this._state === DONE;
  }

  private _readHead(text: string): void {
    const [first, ...lines] = text.split('\r\n');
    const [, minor, status] = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/.exec(first) ?? [];
    if (status === undefined) throw malformed('HPE_INVALID_CONSTANT');
    // An interim answer such as 100: the final one follows.
    if (status.startsWith('1')) return;
    // From here on the answer counts, whatever follows.
    this.status = Number(status);
    const { headers } = this;
    for (const line of lines) {
      // Trim blanks outside of the pattern, which would take minutes for 16 KiB of them.
      const [, name, rest] = /^([!#$%&'*+\-.^_`|~\w]+):(.*)$/.exec(line) ?? [];
      if (name === undefined) throw malformed('HPE_INVALID_HEADER_TOKEN');
      const value = rest.trim();
      const before = headers.get(name.toLowerCase());
      headers.set(name.toLowerCase(), before === undefined ? value : `${before}, ${value}`);
    }
    const connection = headers.get('connection')?.toLowerCase() ?? '';
    this.isReusable = minor === '1' && !/\bclose\b/.test(connection);
    const encoding = headers.get('transfer-encoding')?.toLowerCase();
    const length = headers.get('content-length');
    if (status === '204' || status === '304') this._state = DONE;
    else if (encoding !== undefined) {
      this._isChunked = /\bchunked$/.test(encoding);
      this._state = this._isChunked ? CHUNK_SIZE : UNTIL_CLOSE;
    } else if (length === undefined) this._state = UNTIL_CLOSE;
    else {
      if (!/^\d{1,15}$/.test(length)) throw malformed('HPE_INVALID_CONTENT_LENGTH');
      this._left = Number(length);
      this._state = this._left === 0 ? DONE : COUNTED;
    }
    if (this._state === UNTIL_CLOSE) this.isReusable = false;
  }
}
