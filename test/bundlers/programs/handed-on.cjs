// What a library in CommonJS may do with what it requires.
module.exports = require('@realtime-ai/trace');
