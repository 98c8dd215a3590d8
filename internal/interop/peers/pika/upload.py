"""A sender of a stream on pika; what it prints is in ../README.md."""
import argparse
import json
import uuid

import pika

import wire


class Sender:
    def __init__(self, connection, options):
        self.channel = connection.channel()
        self.options = options
        self.id = uuid.uuid4().hex + uuid.uuid4().hex
        self.service = None
        self.sent = self.size = 0
        self.credit = self.credit_bytes = 0
        self.waits = 0
        self.ended = False
        self.kinds = []
        self.last = None
        self.address = self.channel.queue_declare("", exclusive=True).method.queue
        self.channel.basic_consume(self.address, self.on_frame, auto_ack=True)

    def ask(self):
        headers = {"parley-stream-frame": "request", "parley-stream-seq": 0, "parley-deadline": 0}
        self.channel.basic_publish("", self.options.queue, b"", pika.BasicProperties(
            correlation_id=self.id, reply_to=self.address, headers=headers,
        ))

    def on_frame(self, channel, method, properties, body):
        if properties.correlation_id != self.id or self.last:
            return
        headers = properties.headers or {}
        kind = headers.get("parley-stream-frame", "reply")
        if kind not in self.kinds:
            self.kinds.append(kind)
        if kind in ("end", "error", "reply"):
            self.last = {"kind": kind, "seq": headers.get("parley-stream-seq", 0), "body": body.decode()}
            return
        if kind == "open":
            self.service = properties.reply_to
        self.credit = max(self.credit, headers.get("parley-stream-credit", 0))
        self.credit_bytes = max(self.credit_bytes, headers.get("parley-stream-credit-bytes", 0))
        self.send()

    def send(self):
        if self.ended:
            return
        while self.sent < min(self.options.items, self.credit) and self.size < self.credit_bytes:
            self.sent += 1
            body = json.dumps({"n": self.sent, "pad": "x" * self.options.size}).encode()
            self.size += len(body)
            self.tell("item", self.sent, body)
        if self.sent == self.options.items:
            self.finish()
            return
        self.waits += 1
        if self.waits == 1:
            wire.write({"waiting": self.sent})

    def finish(self):
        self.ended = True
        if not self.options.fail:
            self.tell("end", self.sent + 1, b"")
            return
        self.tell("error", self.sent + 1, json.dumps({"code": "aborted", "message": self.options.fail}).encode())
        self.last = {"kind": "failed", "seq": 0, "body": ""}

    def tell(self, kind, number, body):
        self.channel.basic_publish("", self.service, body, pika.BasicProperties(
            content_type="application/json", correlation_id=self.id,
            headers={"parley-stream-frame": kind, "parley-stream-seq": number},
        ))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--queue", required=True)
    parser.add_argument("--items", type=int, required=True)
    parser.add_argument("--size", type=int, default=0)
    parser.add_argument("--fail", default="")
    connection = wire.connect()
    sender = Sender(connection, parser.parse_args())
    sender.ask()
    while sender.last is None:
        connection.process_data_events(time_limit=1)
    wire.write({"kinds": sender.kinds, "sent": sender.sent, "waits": sender.waits, "last": sender.last})
    connection.close()


main()
