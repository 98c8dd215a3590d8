"""A reader of a stream on pika; what it prints is in ../README.md."""
import argparse
import json
import os
import uuid

import pika

import wire


class Reader:
    def __init__(self, connection, options):
        self.channel = connection.channel()
        self.options = options
        self.id = uuid.uuid4().hex + uuid.uuid4().hex
        self.granted = options.credit
        self.control = None
        self.kinds = []
        self.numbers = []
        self.bodies = []
        self.last = None
        self.address = self.channel.queue_declare("", exclusive=True).method.queue
        self.channel.basic_consume(self.address, self.on_frame, auto_ack=True)

    def ask(self):
        headers = {}
        if self.granted:
            headers = {"parley-stream-frame": "request", "parley-stream-credit": self.granted}
        self.channel.basic_publish("", self.options.queue, self.options.body, pika.BasicProperties(
            content_type="application/json", correlation_id=self.id, reply_to=self.address, headers=headers,
        ))

    def on_frame(self, channel, method, properties, body):
        if properties.correlation_id != self.id or self.last:
            return
        headers = properties.headers or {}
        kind = headers.get("parley-stream-frame")
        if kind not in self.kinds:
            self.kinds.append(kind)
        if kind == "open":
            self.control = properties.reply_to
        elif kind == "item":
            self.on_item(headers["parley-stream-seq"], body)
        elif kind in ("end", "error"):
            self.last = {"kind": kind, "seq": headers["parley-stream-seq"], "body": body.decode()}

    def on_item(self, number, body):
        self.numbers.append(number)
        self.bodies.append(json.loads(body))
        if self.options.leave and len(self.numbers) == self.options.leave:
            self.tell({"parley-stream-frame": "cancel"})
            self.last = {"kind": "cancel", "seq": 0, "body": ""}
        elif self.granted and self.granted - number <= self.options.credit // 2:
            self.granted = number + self.options.credit
            self.tell({"parley-stream-frame": "credit", "parley-stream-credit": self.granted})

    def tell(self, headers):
        self.channel.basic_publish("", self.control, b"", pika.BasicProperties(correlation_id=self.id, headers=headers))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--queue", required=True)
    parser.add_argument("--body", required=True)
    parser.add_argument("--credit", type=int, default=0)
    parser.add_argument("--leave", type=int, default=0)
    connection = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"]))
    reader = Reader(connection, parser.parse_args())
    reader.ask()
    while reader.last is None:
        connection.process_data_events(time_limit=1)
    wire.write({"kinds": reader.kinds, "numbers": reader.numbers, "bodies": reader.bodies, "last": reader.last})
    connection.close()


main()
