import type { TestContext } from 'node:test';

/** The actions of a test on the page that it simulates. */
export interface StandInPage {
  /** The events that have listeners, once for each listener. */
  readonly listening: string[];
  hide(): void;
  show(): void;
  leave(): void;
}

/** Adds the globals of a page that the package uses, until the test is over. */
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
