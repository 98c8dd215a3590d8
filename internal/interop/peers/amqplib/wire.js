'use strict';
// What the client and the server share: lines, properties, the connection.
const readline = require('node:readline');
const amqp = require('amqplib');

const PROPERTIES = {
  content_type: 'contentType', content_encoding: 'contentEncoding', headers: 'headers', delivery_mode: 'deliveryMode',
  priority: 'priority', correlation_id: 'correlationId', reply_to: 'replyTo', expiration: 'expiration',
  message_id: 'messageId', timestamp: 'timestamp', type: 'type', user_id: 'userId', app_id: 'appId',
};

const connect = () => amqp.connect(process.env.AMQP_URL);

// Returns the properties that are on the wire, an empty header table too.
function present(properties) {
  const values = Object.entries(PROPERTIES).map(([name, own]) => [name, properties[own]]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

// Returns amqplib's options for properties named as AMQP names them; null is none.
function publishOptions(properties) {
  const known = Object.entries(properties).filter(([, value]) => value !== null);
  return Object.fromEntries(known.map(([name, value]) => [PROPERTIES[name], value]));
}

function message({ properties, content }) {
  return { properties: present(properties), body: content.toString('base64') };
}

function write(line) {
  process.stdout.write(JSON.stringify(line) + '\n');
}

function followStdin(onLine, onEnd) {
  const lines = readline.createInterface({ input: process.stdin });
  lines.on('line', (line) => onLine(JSON.parse(line)));
  lines.on('close', onEnd);
}

module.exports = { connect, publishOptions, message, write, followStdin };
