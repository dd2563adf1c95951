// The package as a CommonJS program gets it.
module.exports = require('@realtime-ai/trace');
