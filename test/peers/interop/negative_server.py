"""A gRPC server that misbehaves in one of the ways of gRPC's negative HTTP/2 interop tests, on python3-h2.

    negative_server.py CASE

CASE: goaway, rst_after_header, rst_during_data, rst_after_data, ping or max_streams. It answers every unary call as the client of those
tests expects, but for the misbehaviour. It prints one line of JSON with its port, and then one for every event: a request, with its
connection and how many streams are open on it; in the case ping, how many pings it has sent and how many were acknowledged. It ends
when its standard input does.
"""

import asyncio
import json
import sys

import h2.config
import h2.connection
import h2.events
import h2.settings
from hyperframe.frame import GoAwayFrame

RESPONSE_OCTETS = 314159
HEADERS = [(":status", "200"), ("content-type", "application/grpc")]
TRAILERS = [("grpc-status", "0")]


def varint(number):
    octets = bytearray()
    while number > 127:
        octets.append(number & 127 | 128)
        number >>= 7
    octets.append(number)
    return bytes(octets)


def field(number, octets):
    """A protobuf field of octets, which is what strings and messages are too."""
    return bytes([number << 3 | 2]) + varint(len(octets)) + octets


# SimpleResponse { payload { body } }, with the prefix of an uncompressed message.
MESSAGE = field(1, field(2, bytes(RESPONSE_OCTETS)))
RESPONSE = b"\0" + len(MESSAGE).to_bytes(4, "big") + MESSAGE


def tell(**event):
    print(json.dumps(event), flush=True)


class Connection(asyncio.Protocol):
    count = 0

    def __init__(self, case):
        self.case = case
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self.open = set()
        self.pings = self.acknowledged = 0
        self.window = asyncio.Event()
        self.tasks = set()
        self.answered = 0

    def connection_made(self, transport):
        Connection.count += 1
        self.number = Connection.count
        self.transport = transport
        enforced = self.h2.local_settings
        if self.case == "max_streams":
            limit = {h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 1}
            self.h2.local_settings = h2.settings.Settings(client=False, initial_values={**enforced, **limit})
        self.h2.initiate_connection()
        self.flush()
        # python3-h2 would end the connection of whoever breaks the limit: that is to be told instead.
        self.h2.local_settings = enforced

    def connection_lost(self, _):
        for task in self.tasks:
            task.cancel()

    def flush(self):
        """Everything goes out; in the case ping there is one after each write."""
        self.transport.write(self.h2.data_to_send())
        if self.case == "ping" and self.answered < 2:
            self.pings += 1
            self.h2.ping(self.pings.to_bytes(8, "big"))
            self.transport.write(self.h2.data_to_send())

    def data_received(self, data):
        for event in self.h2.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                self.open.add(event.stream_id)
                tell(request=event.stream_id, connection=self.number, open=len(self.open))
            elif isinstance(event, h2.events.DataReceived):
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                task = asyncio.get_running_loop().create_task(self.answer(event.stream_id))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
            elif isinstance(event, h2.events.StreamReset):
                self.open.discard(event.stream_id)
                tell(reset=event.stream_id, code=int(event.error_code))
            elif isinstance(event, h2.events.WindowUpdated):
                self.window.set()
            elif isinstance(event, h2.events.PingAckReceived):
                self.acknowledged += 1
                tell(pings=self.pings, acknowledged=self.acknowledged)
        self.transport.write(self.h2.data_to_send())

    async def answer(self, stream):
        self.h2.send_headers(stream, HEADERS)
        self.flush()
        if self.case == "rst_after_header":
            return self.reset(stream)
        await self.send(stream, RESPONSE[: RESPONSE_OCTETS // 2])
        if self.case == "rst_during_data":
            # The client wants UNKNOWN, which is what it makes of a code that it does not know.
            return self.reset(stream, 99)
        await self.send(stream, RESPONSE[RESPONSE_OCTETS // 2 :])
        if self.case == "rst_after_data":
            return self.reset(stream)
        if self.case == "max_streams":
            # Whoever breaks the limit has time to show it.
            await asyncio.sleep(0.02)
        self.h2.send_headers(stream, TRAILERS, end_stream=True)
        self.open.discard(stream)
        self.answered += 1
        self.flush()
        if self.case == "goaway":
            self.write_frame(GoAwayFrame(last_stream_id=stream))

    def write_frame(self, frame):
        self.transport.write(frame.serialize())

    async def send(self, stream, octets):
        while octets:
            length = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, len(octets))
            if length == 0:
                self.window.clear()
                await self.window.wait()
                continue
            self.h2.send_data(stream, octets[:length])
            octets = octets[length:]
            self.flush()

    def reset(self, stream, code=0):
        self.open.discard(stream)
        self.h2.reset_stream(stream, code)
        self.flush()


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(sys.argv[1]), "127.0.0.1", 0)
    tell(port=server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
