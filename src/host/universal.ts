import { language } from '#platform';
import * as page from './page.ts';
import * as server from './server.ts';

// CommonJS has one file for pages and servers. The platform tells which of them this is.
const isPage = (language as string) === 'webjs';

export const flushAtEnd = isPage ? page.flushAtEnd : server.flushAtEnd;
export const hostDefaults = isPage ? page.hostDefaults : server.hostDefaults;
export const hostSettings = isPage ? page.hostSettings : server.hostSettings;
export const reportSettings = isPage ? page.reportSettings : server.reportSettings;
// CommonJS leaves nothing out of this file, so it need not load the printer on demand.
export { stdoutProcessor } from './server.ts';
