import { checkNames } from './core/options.ts';

/** The values that a setting takes: a description, a check, and whether a rejected value may be a secret. */
export type SettingKind = readonly [allowed: string, isAllowed: (value: unknown) => boolean, isSecret?: boolean];

export const TEXT: SettingKind = ['a non-empty string', (value) => typeof value === 'string' && value !== ''];
export const FLAG: SettingKind = ['true or false', (value) => typeof value === 'boolean'];
export const FUNCTION: SettingKind = ['a function', (value) => typeof value === 'function'];
export const OBJECT: SettingKind = [
  'an object',
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
];
export const POSITIVE: SettingKind = ['a number above 0', (value) => typeof value === 'number' && value > 0];
export const RATE: SettingKind = [
  'a number from 0 to 1',
  (value) => typeof value === 'number' && value >= 0 && value <= 1,
];
export const EXPORTER_TYPE: SettingKind = /* @__PURE__ */ oneOf('stdout', 'otlp', 'none');
export const PROTOCOL: SettingKind = /* @__PURE__ */ oneOf('http/protobuf', 'http/json', 'grpc');

/** Marks values that no message may show, because they may hold a password or a key. */
export function secret([allowed, isAllowed]: SettingKind): SettingKind {
  return [allowed, isAllowed, true];
}

/** Accepts one of these strings. */
export function oneOf(...texts: string[]): SettingKind {
  return [`one of ${texts.join(', ')}`, (value) => texts.includes(value as string)];
}

/** Accepts what one of two kinds accepts. */
export function either([one, isOne]: SettingKind, [other, isOther]: SettingKind): SettingKind {
  return [`${one} or ${other}`, (value) => isOne(value) || isOther(value)];
}

/** Accepts any object that has these methods, whatever its class. */
export function objectWith(...methods: string[]): SettingKind {
  return [
    `an object with ${methods.map((method) => `${method}()`).join(' and ')}`,
    (value) => methods.every((method) => typeof (value as Record<string, unknown> | null)?.[method] === 'function'),
  ];
}

/** Accepts an array of one kind of value; `what` describes its elements. */
export function arrayOf(what: string, [, isAllowed]: SettingKind): SettingKind {
  return [`an array of ${what}`, (value) => Array.isArray(value) && value.every(isAllowed)];
}

/** @throws TypeError naming the setting, its value and what is allowed. */
export function checkSetting(name: string, value: unknown, [allowed, isAllowed, isSecret]: SettingKind): void {
  if (isAllowed(value)) return;
  const isShown = !isSecret || value === null || value === '' || /number|boolean/.test(typeof value);
  throw new TypeError(`${name}: ${isShown ? shown(value) : `the given ${typeof value}`} is not ${allowed}`);
}

/**
 * Checks an object of settings, each of which may be `undefined`.
 *
 * @throws RangeError naming one that is unknown, TypeError naming one that is not of its kind.
 */
export function checkSettings(what: string, settings: object, kinds: Readonly<Record<string, SettingKind>>): void {
  checkSetting(what, settings, OBJECT);
  checkNames(Object.keys(kinds), settings);
  // By the known names: the settings may be those of a class.
  for (const name of Object.keys(kinds)) {
    const value = (settings as Record<string, unknown>)[name];
    if (value !== undefined) checkSetting(name, value, kinds[name]);
  }
}

const MAX_SHOWN = 5;

function shown(value: unknown): string {
  try {
    if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
    if (typeof value === 'string') return JSON.stringify(value);
    const text = String(value);
    // Show only the names of its members: their values may be secret.
    return text === '[object Object]'
      ? `{${Object.keys(value as object)
          .slice(0, MAX_SHOWN)
          .join(', ')}}`
      : text;
  } catch {
    return `the given ${typeof value}`;
  }
}

/** Returns `settings` without `undefined` members, which would hide the settings that they are spread over. */
export function given<T extends object>(settings: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(settings ?? {}).filter(([, value]) => value !== undefined)) as Partial<T>;
}
