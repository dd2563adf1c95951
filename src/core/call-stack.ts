// Calls that fit on the stack where it counts as free. They are small; those of an exporter are larger, and fewer.
const CALLS = 256;

/**
 * False where the stack is nearly used up: anything that is called there may throw halfway, and an application that catches
 * what its own recursion has come to goes on with whatever that left behind. 0.5 µs (Node 20).
 */
export function isStackFree(): boolean {
  try {
    return descend(CALLS) === 0;
  } catch {
    return false;
  }
}

function descend(calls: number): number {
  return calls === 0 ? 0 : 0 * descend(calls - 1);
}
