"""What the client and the server share: lines, properties, the connection."""
import base64
import json
import os
import sys
import threading

import pika

PROPERTIES = (
    "content_type", "content_encoding", "headers", "delivery_mode", "priority", "correlation_id", "reply_to",
    "expiration", "message_id", "timestamp", "type", "user_id", "app_id",
)


def connect():
    return pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"]))


def present(properties):
    """Returns the properties that are on the wire, an empty header table too."""
    values = {name: getattr(properties, name) for name in PROPERTIES}
    return {name: value for name, value in values.items() if value is not None}


def message(properties, body):
    return {"properties": present(properties), "body": base64.b64encode(body).decode()}


def write(line):
    print(json.dumps(line, default=str), flush=True)


def follow_stdin(connection, on_line, on_end):
    """Hands each line of standard input to the connection's own thread."""
    def read():
        for line in sys.stdin:
            connection.add_callback_threadsafe(lambda line=line: on_line(json.loads(line)))
        connection.add_callback_threadsafe(on_end)

    threading.Thread(target=read, daemon=True).start()
