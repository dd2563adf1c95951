// What a program in CommonJS gets of the package.
module.exports = require('@realtime-ai/trace');
