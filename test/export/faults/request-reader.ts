/** A complete request. */
export interface WholeRequest {
  readonly head: string;
  readonly body: Buffer;
}

/** Reads HTTP/1.1 POST requests with a content length, and tells at any time how much has arrived. */
export class RequestReader {
  /** The number of bytes of the body that have arrived. */
  bodyBytes = 0;
  /** The announced length of the body; `undefined` until the head is complete. */
  length: number | undefined;
  private head = '';
  private parts: Buffer[] = [];

  /**
   * Adds bytes. Returns the request if they complete one.
   *
   * @throws Error for anything that a client must not send, such as more than one request at a time.
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
