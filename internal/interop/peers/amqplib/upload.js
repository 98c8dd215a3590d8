'use strict';
// A sender of a stream on amqplib; what it prints is in ../README.md.
const { randomUUID } = require('node:crypto');
const { parseArgs } = require('node:util');
const wire = require('./wire');

class Sender {
  constructor(connection, channel, options) {
    this.connection = connection;
    this.channel = channel;
    this.options = options;
    this.id = randomUUID() + randomUUID();
    this.sent = 0;
    this.size = 0;
    this.credit = 0;
    this.creditBytes = 0;
    this.waits = 0;
    this.ended = false;
    this.kinds = new Set();
  }

  async ask() {
    const address = (await this.channel.assertQueue('', { exclusive: true })).queue;
    await this.channel.consume(address, (frame) => this.receive(frame), { noAck: true });
    this.channel.sendToQueue(this.options.queue, Buffer.alloc(0), {
      correlationId: this.id, replyTo: address,
      headers: { 'parley-stream-frame': 'request', 'parley-stream-seq': 0, 'parley-deadline': 0 },
    });
  }

  receive(frame) {
    if (frame === null || frame.properties.correlationId !== this.id || this.last) {
      return;
    }
    const { headers, replyTo } = frame.properties;
    const kind = headers['parley-stream-frame'] ?? 'reply';
    this.kinds.add(kind);
    if (kind === 'end' || kind === 'error' || kind === 'reply') {
      this.end({ kind, seq: headers['parley-stream-seq'] ?? 0, body: frame.content.toString() });
      return;
    }
    if (kind === 'open') {
      this.service = replyTo;
    }
    this.credit = Math.max(this.credit, headers['parley-stream-credit'] ?? 0);
    this.creditBytes = Math.max(this.creditBytes, headers['parley-stream-credit-bytes'] ?? 0);
    this.send();
  }

  send() {
    if (this.ended) {
      return;
    }
    while (this.sent < Math.min(this.options.items, this.credit) && this.size < this.creditBytes) {
      this.sent += 1;
      const body = Buffer.from(JSON.stringify({ n: this.sent, pad: 'x'.repeat(this.options.size) }));
      this.size += body.length;
      this.tell('item', this.sent, body);
    }
    if (this.sent === this.options.items) {
      this.finish();
      return;
    }
    this.waits += 1;
    if (this.waits === 1) {
      wire.write({ waiting: this.sent });
    }
  }

  finish() {
    this.ended = true;
    if (!this.options.fail) {
      this.tell('end', this.sent + 1, Buffer.alloc(0));
      return;
    }
    this.tell('error', this.sent + 1, Buffer.from(JSON.stringify({ code: 'aborted', message: this.options.fail })));
    this.end({ kind: 'failed', seq: 0, body: '' });
  }

  tell(kind, number, body) {
    this.channel.sendToQueue(this.service, body, {
      contentType: 'application/json', correlationId: this.id,
      headers: { 'parley-stream-frame': kind, 'parley-stream-seq': number },
    });
  }

  end(last) {
    this.last = last;
    wire.write({ kinds: [...this.kinds], sent: this.sent, waits: this.waits, last });
    this.channel.close().then(() => this.connection.close());
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      queue: { type: 'string' },
      items: { type: 'string' },
      size: { type: 'string', default: '0' },
      fail: { type: 'string', default: '' },
    },
  });
  const options = { ...values, items: Number(values.items), size: Number(values.size) };
  const connection = await wire.connect();
  await new Sender(connection, await connection.createChannel(), options).ask();
}

main();
