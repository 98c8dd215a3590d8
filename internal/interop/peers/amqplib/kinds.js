'use strict';
// One handler per kind of value: reads the body as its type and echoes it.
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const text = (body) => ['text/plain', Buffer.from(strict.decode(body))];

const structured = (read) => (body) => ['application/json', Buffer.from(JSON.stringify(read(JSON.parse(strict.decode(body)))))];

const checked = (name, holds) => (value) => {
  if (!holds(value)) {
    throw new TypeError(`want ${name}, got ${JSON.stringify(value)}`);
  }
  return value;
};

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const string = checked('a string', (value) => typeof value === 'string');
const integer = checked('an integer', Number.isInteger);
const uuid = checked('a uuid', (value) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value));
const decimal = checked('a decimal string', (value) => typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value));

const model = ({ name, quantity, note = null }) => ({ name: string(name), quantity: integer(quantity), note });

function nil(body) {
  if (body.length > 0) {
    throw new Error(`want an empty body, got ${body.length} bytes`);
  }
  return [undefined, body];
}

function fail() {
  throw new Error('this handler always fails');
}

module.exports = {
  string: text,
  empty: text,
  unicode: text,
  object: structured(checked('an object', isObject)),
  list: structured(checked('a list', Array.isArray)),
  model: structured(model),
  int: structured(integer),
  float: structured(checked('a number', (value) => typeof value === 'number')),
  bool: structured(checked('a boolean', (value) => typeof value === 'boolean')),
  bytes: (body) => [undefined, body],
  nil,
  time: structured((value) => new Date(string(value)).toISOString()),
  uuid: structured(uuid),
  decimal: structured(decimal),
  fail,
  hold: text,
  reverse: text,
  noise: text,
};
