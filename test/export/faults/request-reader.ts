/** A request that has come to its end. */
export interface WholeRequest {
  readonly head: string;
  readonly body: Buffer;
}

/** Reads POST requests of HTTP/1.1 with a length off one connection, and tells at any time how far it has come. */
export class RequestReader {
  /** Bytes of the body that are there. */
  bodyBytes = 0;
  /** Bytes of the body as announced; `undefined` until the head is there. */
  length: number | undefined;
  private head = '';
  private parts: Buffer[] = [];

  /**
   * The request that these bytes complete.
   *
   * @throws Error for what no client may send, more than one request at a time among it.
   */
  push(bytes: Buffer): WholeRequest | undefined {
    this.parts.push(bytes);
    if (this.length === undefined) {
      const start = Buffer.concat(this.parts);
      const end = start.indexOf('\r\n\r\n');
      this.parts = [start];
      if (end === -1) return undefined;
      this.head = start.toString('latin1', 0, end);
      this.length = Number(/^content-length: (\d+)$/im.exec(this.head)?.[1]);
      if (!/^POST \S+ HTTP\/1\.1\r\n/.test(this.head) || Number.isNaN(this.length)) {
        throw new Error(`not a POST with a length: ${JSON.stringify(this.head)}`);
      }
      this.parts = [start.subarray(end + 4)];
      this.bodyBytes = this.parts[0].length;
    } else this.bodyBytes += bytes.length;
    if (this.bodyBytes < this.length) return undefined;
    if (this.bodyBytes > this.length) throw new Error(`${this.bodyBytes - this.length} bytes behind a request`);
    const request = { head: this.head, body: Buffer.concat(this.parts) };
    this.parts = [];
    this.bodyBytes = 0;
    this.length = undefined;
    return request;
  }
}
