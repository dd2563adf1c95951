// The stack counts as free if it has room for this many calls. They are small; an exporter makes fewer, larger ones.
const CALLS = 256;

/**
 * Returns false if the stack is nearly full. Any call may then throw halfway, and an application that catches the
 * overflow of its own recursion would go on with whatever state that call left behind. 0.5 µs (Node 20).
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
