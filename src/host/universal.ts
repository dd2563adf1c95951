import { language } from '#platform';
import * as page from './page.ts';
import * as server from './server.ts';

// For CommonJS, where one file serves all: a page's surroundings or a server's, as the platform is.
const isPage = (language as string) === 'webjs';

export const flushAtEnd = isPage ? page.flushAtEnd : server.flushAtEnd;
export const hostDefaults = isPage ? page.hostDefaults : server.hostDefaults;
export const hostSettings = isPage ? page.hostSettings : server.hostSettings;
export const reportSettings = isPage ? page.reportSettings : server.reportSettings;
// Nothing is left out of this file, so the printer is there.
export { stdoutProcessor } from './server.ts';
