import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CERTIFICATES } from './certificates.ts';

/** A file with the right certificate, for processes that must trust it. */
export class Authorities {
  private readonly folder = mkdtempSync(join(tmpdir(), 'trace-authorities-'));
  /** Environment variables for the process. Node reads them when it starts. */
  readonly variables = { NODE_EXTRA_CA_CERTS: join(this.folder, 'authorities.pem') };

  constructor() {
    writeFileSync(this.variables.NODE_EXTRA_CA_CERTS, CERTIFICATES.right);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
