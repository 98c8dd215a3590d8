"""An RPC server on pika; the line protocol is in ../README.md."""
import argparse

import pika

import kinds
import wire


class Server:
    def __init__(self, channel, options):
        self.channel = channel
        self.options = options
        self.kept = {"hold": [], "reverse": []}

    def serve(self, kind):
        queue = f"{self.options.prefix}.{kind}"
        self.channel.queue_declare(queue, durable=True)
        self.channel.basic_consume(queue, lambda channel, *delivery: self.receive(kind, *delivery))
        return queue

    def receive(self, kind, method, properties, body):
        line = {"kind": kind, **wire.message(properties, body)}
        try:
            content_type, result = kinds.HANDLERS[kind](body)
        except Exception as error:
            wire.write({**line, "error": str(error)})
            self.channel.basic_reject(method.delivery_tag, requeue=False)
            return
        wire.write(line)
        for due in self.due(kind, (method, properties, content_type, result)):
            self.answer(kind, *due)

    def due(self, kind, call):
        """Returns the calls to answer now, in order."""
        if kind not in self.kept:
            return [call]
        kept = self.kept[kind]
        kept.append(call)
        if len(kept) < (2 if kind == "hold" else self.options.batch):
            return []
        self.kept[kind] = []
        return kept if kind == "hold" else kept[::-1]

    def answer(self, kind, method, request, content_type, body):
        if kind == "noise":
            self.reply(request.reply_to, "somebody-else", content_type, b"not yours")
            self.reply(request.reply_to, None, content_type, b"nobody's")
        self.reply(request.reply_to, request.correlation_id, content_type, body)
        self.channel.basic_ack(method.delivery_tag)

    def reply(self, address, correlation_id, content_type, body):
        if not address:
            return
        if self.options.no_content_type:
            content_type = None
        properties = pika.BasicProperties(correlation_id=correlation_id, content_type=content_type)
        self.channel.basic_publish("", address, body, properties)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--prefix", default="interop")
    parser.add_argument("--no-content-type", action="store_true")
    parser.add_argument("--batch", type=int, default=64)
    options = parser.parse_args()

    connection = wire.connect()
    channel = connection.channel()
    server = Server(channel, options)
    queues = [server.serve(kind) for kind in kinds.HANDLERS]
    wire.follow_stdin(connection, lambda line: None, channel.stop_consuming)
    wire.write({"ready": True})
    channel.start_consuming()
    for queue in queues:
        channel.queue_delete(queue)
    connection.close()


main()
