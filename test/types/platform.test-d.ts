import * as browser from '../../src/platform/browser.ts';
import * as bun from '../../src/platform/bun.ts';
import * as standard from '../../src/platform/default.ts';
import * as deno from '../../src/platform/deno.ts';
import * as node from '../../src/platform/node.ts';
import type { Platform } from '../../src/platform/platform.ts';
import * as workerd from '../../src/platform/workerd.ts';

/** Every file that `#platform` may resolve to implements the whole interface. */
export const platforms: readonly Platform[] = [browser, bun, standard, deno, node, workerd];
