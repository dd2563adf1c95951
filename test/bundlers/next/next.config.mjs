import { fileURLToPath } from 'node:url';

// The folder that contains the packages. Next would guess another one, since there are lock files above it.
const root = fileURLToPath(new URL('../../', import.meta.url));

export default { turbopack: { root }, outputFileTracingRoot: root };
