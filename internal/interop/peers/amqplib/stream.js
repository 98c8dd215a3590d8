'use strict';
// A reader of a stream on amqplib; what it prints is in ../README.md.
const { randomUUID } = require('node:crypto');
const { parseArgs } = require('node:util');
const wire = require('./wire');

class Reader {
  constructor(connection, channel, options) {
    this.connection = connection;
    this.channel = channel;
    this.options = options;
    this.id = randomUUID() + randomUUID();
    this.granted = options.credit;
    this.kinds = new Set();
    this.numbers = [];
    this.bodies = [];
  }

  async ask() {
    this.address = (await this.channel.assertQueue('', { exclusive: true })).queue;
    await this.channel.consume(this.address, (frame) => this.receive(frame), { noAck: true });
    const headers = this.granted > 0 ? { 'parley-stream-frame': 'request', 'parley-stream-credit': this.granted } : {};
    this.channel.sendToQueue(this.options.queue, Buffer.from(this.options.body), {
      contentType: 'application/json', correlationId: this.id, replyTo: this.address, headers,
    });
  }

  receive(frame) {
    if (frame === null || frame.properties.correlationId !== this.id || this.last) {
      return;
    }
    const { headers, replyTo } = frame.properties;
    const kind = headers['parley-stream-frame'];
    this.kinds.add(kind);
    if (kind === 'open') {
      this.control = replyTo;
    } else if (kind === 'item') {
      this.item(headers['parley-stream-seq'], frame.content);
    } else if (kind === 'end' || kind === 'error') {
      this.end({ kind, seq: headers['parley-stream-seq'], body: frame.content.toString() });
    }
  }

  item(number, content) {
    this.numbers.push(number);
    this.bodies.push(JSON.parse(content));
    if (this.numbers.length === this.options.leave) {
      this.tell({ 'parley-stream-frame': 'cancel' });
      this.end({ kind: 'cancel', seq: 0, body: '' });
    } else if (this.granted > 0 && this.granted - number <= this.options.credit / 2) {
      this.granted = number + this.options.credit;
      this.tell({ 'parley-stream-frame': 'credit', 'parley-stream-credit': this.granted });
    }
  }

  tell(headers) {
    this.channel.sendToQueue(this.control, Buffer.alloc(0), { correlationId: this.id, headers });
  }

  end(last) {
    this.last = last;
    wire.write({ kinds: [...this.kinds], numbers: this.numbers, bodies: this.bodies, last });
    this.channel.close().then(() => this.connection.close());
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      queue: { type: 'string' },
      body: { type: 'string' },
      credit: { type: 'string', default: '0' },
      leave: { type: 'string', default: '0' },
    },
  });
  const options = { ...values, credit: Number(values.credit), leave: Number(values.leave) };
  const connection = await wire.connect();
  await new Reader(connection, await connection.createChannel(), options).ask();
}

main();
