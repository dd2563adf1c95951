import type { TestContext } from 'node:test';

/** What a test does to the page that it stands in for. */
export interface StandInPage {
  /** What is listened for, once for each listener. */
  readonly listening: string[];
  hide(): void;
  show(): void;
  leave(): void;
}

/** Puts what is used of a page in the global scope, until the test is over. */
export function standInPage(t: TestContext): StandInPage {
  const events = new EventTarget();
  const listening: string[] = [];
  const document = { visibilityState: 'visible' };
  const page = {
    document,
    addEventListener(type: string, listener: EventListener) {
      listening.push(type);
      events.addEventListener(type, listener);
    },
    removeEventListener(type: string, listener: EventListener) {
      listening.splice(listening.indexOf(type), 1);
      events.removeEventListener(type, listener);
    },
  };
  const names = Object.keys(page) as (keyof typeof page)[];
  const before = names.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  Object.assign(globalThis, page);
  t.after(() => {
    for (const [name, descriptor] of before) {
      delete (globalThis as Record<string, unknown>)[name];
      if (descriptor !== undefined) Object.defineProperty(globalThis, name, descriptor);
    }
  });
  const become = (visibilityState: string) => {
    document.visibilityState = visibilityState;
    events.dispatchEvent(new Event('visibilitychange'));
  };
  return {
    listening,
    hide: () => become('hidden'),
    show: () => become('visible'),
    leave: () => events.dispatchEvent(new Event('pagehide')),
  };
}
