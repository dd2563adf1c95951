// Stands for a CommonJS library that re-exports what it requires.
module.exports = require('@realtime-ai/trace');
