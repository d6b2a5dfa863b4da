"""Follows Tickfleet from outside: live candles, signals and trades as any NATS client gets them, one line of JSON for each.

    pip install nats-py jsonschema
    NATS_URL=nats://127.0.0.1:4222 NATS_USER=viewer NATS_PASSWORD=... python subscribe.py [SUBJECT...]

A fleet that `npm start` runs asks for no user. Subjects, fields and units: docs/contracts.md.
"""

import asyncio
import json
import os
import sys
from itertools import accumulate
from pathlib import Path

import nats
from jsonschema import Draft202012Validator

SCHEMAS = Path(os.environ.get("SCHEMAS") or Path(__file__).parents[3] / "packages/contracts/generated/schemas")
SUBJECTS = sys.argv[1:] or ["live.v1.candle.*.*.*", "live.v1.signal.>", "live.v1.trade.>"]


def validators():
    """A validator per class of message: the third token of the subject that a schema belongs to."""
    schemas = [json.loads(path.read_text()) for path in SCHEMAS.glob("*/v1.json")]
    stored = [schema for schema in schemas if schema["x-subject"].startswith("md.v1.")]
    return {schema["x-subject"].split(".")[2]: Draft202012Validator(schema) for schema in stored}


def read_trades(batch):
    """Rows of a batch of trades: columns hold a first value and differences, prices and sizes are scaled integers."""
    prices = [price / 10 ** batch["priceScale"] for price in accumulate(batch["price"])]
    sizes = [size / 10 ** batch["sizeScale"] for size in batch["size"]]
    return list(zip(accumulate(batch["eventTimeUs"]), prices, sizes, batch["side"]))


class Follower:
    def __init__(self):
        self.validators = validators()
        self.sequences = {}  # by subject: the place of the last message in its stream
        self.revisions = {}  # by key: the revision that is held

    def take(self, subject, headers, data):
        """What a message means, as lines to print."""
        sequence, before = int(headers["Nats-Sequence"]), int(headers["Nats-Last-Sequence"])
        held = self.sequences.get(subject)
        if held is not None and before != held:
            yield {"kind": "gap", "subject": subject, "after": held, "before": sequence}
        self.sequences[subject] = sequence

        message = json.loads(data)
        what = subject.split(".")[2]
        error = next(self.validators[what].iter_errors(message), None)
        if error is not None:
            yield {"kind": "invalid", "subject": subject, "sequence": sequence, "error": error.message}
        elif what == "trade":
            rows = read_trades(message)
            volume = sum(message["size"]) / 10 ** message["sizeScale"]
            yield {"kind": "trade", "subject": subject, "sequence": sequence, "count": len(rows), "volume": volume, "time": rows[-1][0], "price": rows[-1][1]}
        else:
            key = ":".join(str(message[part]) for part in ("venue", "instrument", "timeframe", "anchor", "session", "openTime"))
            key = f"{what}:{key}"
            if message["revision"] > self.revisions.get(key, -1):
                self.revisions[key] = message["revision"]
                value = message["close"] if what == "candle" else message.get("score")
                yield {"kind": what, "subject": subject, "sequence": sequence, "key": key, "revision": message["revision"], "value": value}


async def main():
    follower = Follower()
    connection = await nats.connect(
        os.environ.get("NATS_URL", "nats://127.0.0.1:4222"),
        user=os.environ.get("NATS_USER"),
        password=os.environ.get("NATS_PASSWORD"),
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.25,
    )

    async def show(message):
        for line in follower.take(message.subject, message.headers, message.data):
            print(json.dumps(line), flush=True)

    for subject in SUBJECTS:
        await connection.subscribe(subject, cb=show)
    await connection.flush()
    print("listening", file=sys.stderr, flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
