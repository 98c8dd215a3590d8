'use strict';
// An RPC client on amqplib; the line protocol is in ../README.md.
const { randomUUID } = require('node:crypto');
const { parseArgs } = require('node:util');
const wire = require('./wire');

const DIRECT = 'amq.rabbitmq.reply-to';

class Client {
  constructor(connection, channel, inFlight) {
    this.connection = connection;
    this.channel = channel;
    this.inFlight = inFlight;
    this.backlog = [];
    this.pending = new Map();
    this.waiting = 0;
    this.ended = false;
    this.replyQueues = new Set();
    channel.on('return', ({ properties }) => this.finish(properties.correlationId, { outcome: 'returned' }));
  }

  async open(replies) {
    this.address = DIRECT;
    if (replies === 'exclusive') {
      this.address = (await this.channel.assertQueue('', { exclusive: true })).queue;
    }
    await this.consume(this.address);
  }

  consume(queue) {
    return this.channel.consume(queue, (reply) => this.receive(reply), { noAck: true });
  }

  async call(call) {
    if (call.reply_queue) {
      await this.listen(call.reply_queue);
    }
    this.backlog.push(call);
    this.fill();
  }

  async listen(queue) {
    if (!this.replyQueues.has(queue)) {
      this.replyQueues.add(queue);
      await this.channel.assertQueue(queue, { durable: true });
      await this.consume(queue);
    }
  }

  async end() {
    this.ended = true;
    await this.closeIfDone();
  }

  fill() {
    while (this.backlog.length > 0 && this.waiting < this.inFlight) {
      this.send(this.backlog.shift());
    }
  }

  send(call) {
    const properties = { correlation_id: randomUUID(), reply_to: call.reply_queue ?? this.address, ...call.properties };
    const key = properties.correlation_id ?? undefined;
    this.pending.set(key, call);
    if (call.wait ?? true) {
      this.waiting++;
      call.timer = setTimeout(() => this.finish(key, { outcome: 'timeout' }), call.timeout_ms ?? 60000);
    }
    const options = { ...wire.publishOptions(properties), mandatory: call.mandatory ?? false };
    this.channel.sendToQueue(call.queue, Buffer.from(call.body, 'base64'), options);
  }

  receive(reply) {
    if (reply === null) { // the broker cancelled the consumer: its queue was deleted
      return;
    }
    const message = wire.message(reply);
    if (!this.finish(reply.properties.correlationId, { outcome: 'reply', ...message })) {
      wire.write({ stray: message });
    }
  }

  finish(key, result) {
    const call = this.pending.get(key);
    if (!call) {
      return false;
    }
    this.pending.delete(key);
    if (call.timer) {
      clearTimeout(call.timer);
      this.waiting--;
    }
    wire.write({ id: call.id, ...result });
    this.fill();
    this.closeIfDone();
    return true;
  }

  async closeIfDone() {
    if (!this.ended || this.closed || this.backlog.length > 0 || this.waiting > 0) {
      return;
    }
    this.closed = true;
    for (const { id } of this.pending.values()) {
      wire.write({ id, outcome: 'none' });
    }
    this.pending.clear();
    for (const queue of this.replyQueues) {
      await this.channel.deleteQueue(queue);
    }
    await this.connection.close();
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      replies: { type: 'string', default: 'exclusive' },
      'in-flight': { type: 'string', default: '1' },
    },
  });
  const connection = await wire.connect();
  const client = new Client(connection, await connection.createChannel(), Number(values['in-flight']));
  await client.open(values.replies);
  // One line at a time: a call that declares its reply queue holds back the next.
  let last = Promise.resolve();
  wire.followStdin(
    (call) => { last = last.then(() => client.call(call)); },
    () => { last = last.then(() => client.end()); },
  );
}

main();
