import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { processState } from '../../src/core/process-state.ts';

describe('the state of the process', () => {
  it('is shared by all copies of the package', async () => {
    const copy: typeof import('../../src/core/process-state.ts') = await import(
      `../../src/core/process-state.ts?${'copy'}`
    );
    assert.notEqual(copy, await import('../../src/core/process-state.ts'));
    assert.equal(copy.processState, processState);
  });
});
