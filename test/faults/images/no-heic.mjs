// For NODE_OPTIONS=--import: the optional package heic-decode is not installed.
import Module from 'node:module';

const find = Module._resolveFilename;
Module._resolveFilename = (request, ...others) => {
  if (request === 'heic-decode') throw new Error(`Cannot find module '${request}'`);
  return find.call(Module, request, ...others);
};
