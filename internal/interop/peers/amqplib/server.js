'use strict';
// An RPC server on amqplib; the line protocol is in ../README.md.
const { parseArgs } = require('node:util');
const kinds = require('./kinds');
const wire = require('./wire');

class Server {
  constructor(channel, options) {
    this.channel = channel;
    this.options = options;
    this.batch = Number(options.batch);
    this.kept = { hold: [], reverse: [] };
  }

  async serve(kind) {
    const queue = `${this.options.prefix}.${kind}`;
    await this.channel.assertQueue(queue, { durable: true });
    await this.channel.consume(queue, (request) => this.receive(kind, request));
    return queue;
  }

  receive(kind, request) {
    if (request === null) { // the broker cancelled the consumer: its queue was deleted
      return;
    }
    const line = { kind, ...wire.message(request) };
    let result;
    try {
      result = kinds[kind](request.content);
    } catch (error) {
      wire.write({ ...line, error: error.message });
      this.channel.reject(request, false);
      return;
    }
    wire.write(line);
    for (const call of this.due(kind, { request, result })) {
      this.answer(kind, call);
    }
  }

  // Returns the calls to answer now, in order.
  due(kind, call) {
    const kept = this.kept[kind];
    if (!kept) {
      return [call];
    }
    kept.push(call);
    if (kept.length < (kind === 'hold' ? 2 : this.batch)) {
      return [];
    }
    this.kept[kind] = [];
    return kind === 'hold' ? kept : kept.reverse();
  }

  answer(kind, { request, result: [contentType, body] }) {
    const { replyTo, correlationId } = request.properties;
    if (kind === 'noise') {
      this.reply(replyTo, 'somebody-else', contentType, Buffer.from('not yours'));
      this.reply(replyTo, undefined, contentType, Buffer.from("nobody's"));
    }
    this.reply(replyTo, correlationId, contentType, body);
    this.channel.ack(request);
  }

  reply(address, correlationId, contentType, body) {
    if (!address) {
      return;
    }
    const type = this.options['no-content-type'] ? undefined : contentType;
    this.channel.sendToQueue(address, body, { correlationId, contentType: type });
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      prefix: { type: 'string', default: 'interop' },
      'no-content-type': { type: 'boolean', default: false },
      batch: { type: 'string', default: '64' },
    },
  });
  const connection = await wire.connect();
  const channel = await connection.createChannel();
  const server = new Server(channel, values);
  const queues = [];
  for (const kind of Object.keys(kinds)) {
    queues.push(await server.serve(kind));
  }
  wire.followStdin(() => {}, async () => {
    for (const queue of queues) {
      await channel.deleteQueue(queue);
    }
    await connection.close();
  });
  wire.write({ ready: true });
}

main();
