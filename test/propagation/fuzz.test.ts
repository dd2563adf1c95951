import { testWithRandomHeaders } from './fuzz.ts';

// A tenth of what `npm run fuzz` does.
testWithRandomHeaders(100_000);
