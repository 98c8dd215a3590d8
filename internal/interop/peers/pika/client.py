"""An RPC client on pika; the line protocol is in ../README.md."""
import argparse
import base64
import collections
import uuid

import pika

import wire

DIRECT = "amq.rabbitmq.reply-to"


class Client:
    def __init__(self, connection, options):
        self.connection = connection
        self.channel = connection.channel()
        self.in_flight = options.in_flight
        self.backlog = collections.deque()
        self.pending = {}
        self.waiting = 0
        self.ended = False
        self.reply_queues = set()
        self.address = DIRECT
        if options.replies == "exclusive":
            self.address = self.channel.queue_declare("", exclusive=True).method.queue
        self.channel.basic_consume(self.address, self.on_reply, auto_ack=True)
        self.channel.add_on_return_callback(self.on_return)

    def call(self, call):
        self.backlog.append(call)
        self.fill()

    def end(self):
        self.ended = True

    def done(self):
        return self.ended and not self.backlog and not self.waiting

    def fill(self):
        while self.backlog and self.waiting < self.in_flight:
            self.send(self.backlog.popleft())

    def send(self, call):
        properties = {"correlation_id": str(uuid.uuid4()), "reply_to": self.address, **call.get("properties", {})}
        if "reply_queue" in call:
            properties["reply_to"] = self.listen(call["reply_queue"])
        key = properties["correlation_id"]
        self.pending[key] = call
        if call.get("wait", True):
            self.waiting += 1
            timeout = call.get("timeout_ms", 60000) / 1000
            call["timer"] = self.connection.call_later(timeout, lambda: self.finish(key, {"outcome": "timeout"}))
        self.channel.basic_publish(
            "", call["queue"], base64.b64decode(call["body"]), pika.BasicProperties(**properties),
            mandatory=call.get("mandatory", False),
        )

    def listen(self, queue):
        if queue not in self.reply_queues:
            self.channel.queue_declare(queue, durable=True)
            self.channel.basic_consume(queue, self.on_reply, auto_ack=True)
            self.reply_queues.add(queue)
        return queue

    def on_reply(self, channel, method, properties, body):
        message = wire.message(properties, body)
        if not self.finish(properties.correlation_id, {"outcome": "reply", **message}):
            wire.write({"stray": message})

    def on_return(self, channel, method, properties, body):
        self.finish(properties.correlation_id, {"outcome": "returned"})

    def finish(self, key, result):
        call = self.pending.pop(key, None)
        if call is None:
            return False
        if "timer" in call:
            self.connection.remove_timeout(call["timer"])
            self.waiting -= 1
        wire.write({"id": call["id"], **result})
        self.fill()
        return True

    def close(self):
        for key in list(self.pending):
            self.finish(key, {"outcome": "none"})
        for queue in self.reply_queues:
            self.channel.queue_delete(queue)
        self.connection.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--replies", choices=("exclusive", "direct"), default="exclusive")
    parser.add_argument("--in-flight", type=int, default=1)
    client = Client(wire.connect(), parser.parse_args())
    wire.follow_stdin(client.connection, client.call, client.end)
    while not client.done():
        client.connection.process_data_events(time_limit=1)
    client.close()


main()
