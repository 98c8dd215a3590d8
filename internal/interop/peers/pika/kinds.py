"""One handler per kind of value: reads the body as its type and echoes it."""
import json
from datetime import datetime
from decimal import Decimal
from uuid import UUID


def text(body):
    return "text/plain", body.decode("utf-8").encode("utf-8")


def structured(read):
    return lambda body: ("application/json", json.dumps(read(json.loads(body))).encode())


def exactly(kind):
    def read(value):
        if type(value) is not kind:
            raise TypeError(f"want {kind.__name__}, got {type(value).__name__}")
        return value
    return read


def model(value):
    return {"name": exactly(str)(value["name"]), "quantity": exactly(int)(value["quantity"]), "note": value.get("note")}


def time(value):
    return datetime.fromisoformat(value.replace("Z", "+00:00")).isoformat()


def nil(body):
    if body:
        raise ValueError(f"want an empty body, got {len(body)} bytes")
    return None, b""


def fail(body):
    raise RuntimeError("this handler always fails")


HANDLERS = {
    "string": text,
    "empty": text,
    "unicode": text,
    "object": structured(exactly(dict)),
    "list": structured(exactly(list)),
    "model": structured(model),
    "int": structured(exactly(int)),
    "float": structured(exactly(float)),
    "bool": structured(exactly(bool)),
    "bytes": lambda body: (None, body),
    "nil": nil,
    "time": structured(time),
    "uuid": structured(lambda value: str(UUID(value))),
    "decimal": structured(lambda value: str(Decimal(exactly(str)(value)))),
    "fail": fail,
    "hold": text,
    "reverse": text,
    "noise": text,
}
