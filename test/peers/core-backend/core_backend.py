"""A C-core gRPC server for tests: grpc.health.v1 whose answers are steered over HTTP while it runs.

    core_backend.py [--listen 127.0.0.1:0,...] [--cert FILE --key FILE [--client-ca FILE]]

Once everything is bound it prints one line of JSON, {"grpc": ["127.0.0.1:4001"], "control": "127.0.0.1:4002"}. It ends when
its standard input does, so that it never outlives the test that started it. Its control is that of ../healthserver/control.go,
without the behaviour `reset`. Messages are coded by hand: the two of them need no generated code.
"""

import argparse
import asyncio
import http.server
import json
import sys
import threading

import grpc
import grpc.aio

SERVICE = "/grpc.health.v1.Health/"
WORDS = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
KINDS = ("answer", "hang", "delay", "error", "unimplemented")
CODES = {code.value[0]: code for code in grpc.StatusCode}


def decode_request(message):
    """The service name: field 1 of HealthCheckRequest, which has no other. Names of 128 octets and more are not spoken here."""
    if not message:
        return ""
    if len(message) < 2 or message[0] != 0x0A or message[1] > 127 or len(message) != 2 + message[1]:
        raise ValueError("not a HealthCheckRequest")
    return message[2:].decode()


def encode_response(word):
    """Field 1 of HealthCheckResponse, a varint; proto3 leaves a zero out."""
    number = WORDS.index(word)
    return bytes((0x08, number)) if number else b""


class Health(grpc.GenericRpcHandler):
    """grpc.health.v1 as the control wants it. All of it runs on the event loop."""

    def __init__(self):
        self.statuses = {"": "SERVING"}
        self.behaviour = {"kind": "answer"}
        self.counts = {"checks": 0, "checksInFlight": 0, "watches": 0, "openWatches": 0}
        self.changed = asyncio.Event()  # set and replaced at every change
        self.methods = {
            SERVICE + "Check": grpc.unary_unary_rpc_method_handler(self.check, request_deserializer=decode_request),
            SERVICE + "Watch": grpc.unary_stream_rpc_method_handler(self.watch, request_deserializer=decode_request),
        }

    def service(self, handler_call_details):
        """None makes C-core answer by itself, as it does where the service was never registered."""
        return None if self.behaviour["kind"] == "unimplemented" else self.methods.get(handler_call_details.method)

    async def check(self, service, context):
        self.counts["checks"] += 1
        self.counts["checksInFlight"] += 1
        try:
            await self.behave(context)
            if service not in self.statuses:
                await context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
            return encode_response(self.statuses[service])
        finally:
            self.counts["checksInFlight"] -= 1

    async def watch(self, service, context):
        self.counts["watches"] += 1
        self.counts["openWatches"] += 1
        sent = None
        try:
            while True:
                await self.behave(context)
                changed = self.changed
                word = self.statuses.get(service, "SERVICE_UNKNOWN")
                if word != sent:
                    yield encode_response(word)
                    sent = word
                await changed.wait()
        finally:
            self.counts["openWatches"] -= 1

    async def behave(self, context):
        """Acts the behaviour out; the call is to be answered after it. A call that hangs follows a change of behaviour."""
        while self.behaviour["kind"] == "hang":
            await self.changed.wait()
        if self.behaviour["kind"] == "delay":
            await asyncio.sleep(self.behaviour["delayMs"] / 1000)
        elif self.behaviour["kind"] == "error":
            await context.abort(CODES[self.behaviour["code"]], "asked to fail")
        elif self.behaviour["kind"] == "unimplemented":
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")

    def show(self):
        return {"statuses": self.statuses, "behaviour": self.behaviour, "counts": self.counts}

    def take(self, wanted):
        if not wanted.keys() <= {"statuses", "behaviour"}:
            raise ValueError(f"unknown member in {sorted(wanted)}")
        statuses, behaviour = wanted.get("statuses", {}), wanted.get("behaviour", self.behaviour)
        if behaviour["kind"] not in KINDS:
            raise ValueError(f"unknown kind {behaviour['kind']}")
        for word in statuses.values():
            if word is not None and word not in WORDS:
                raise ValueError(f"unknown status {word}")
        self.behaviour = behaviour
        for service, word in statuses.items():
            if word is None:
                self.statuses.pop(service, None)
            else:
                self.statuses[service] = word
        self.changed.set()
        self.changed = asyncio.Event()


def start_control(health, loop):
    """Serves the control in a thread of its own and returns its address."""

    async def run(function, *arguments):
        return function(*arguments)

    class Control(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.answer(200, json.dumps(self.on_loop(health.show)))

        def do_PATCH(self):
            try:
                self.on_loop(health.take, json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.answer(204, "")
            except (ValueError, KeyError) as error:
                self.answer(400, str(error))

        def on_loop(self, function, *arguments):
            return asyncio.run_coroutine_threadsafe(run(function, *arguments), loop).result(5)

        def answer(self, code, body):
            self.send_response(code)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Control)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_port}"


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", default="127.0.0.1:0")
    for name in ("cert", "key", "client-ca"):
        parser.add_argument("--" + name)
    arguments = parser.parse_args()
    health = Health()
    # Without SO_REUSEPORT a port that is taken is an error, as everywhere else.
    server = grpc.aio.server(handlers=(health,), options=(("grpc.so_reuseport", 0),))
    bound = []
    for address in arguments.listen.split(","):
        if arguments.cert is None:
            port = server.add_insecure_port(address)
        else:
            client_ca = None if arguments.client_ca is None else read_file(arguments.client_ca)
            pair = (read_file(arguments.key), read_file(arguments.cert))
            port = server.add_secure_port(address, grpc.ssl_server_credentials([pair], client_ca, client_ca is not None))
        bound.append(f"{address.rpartition(':')[0]}:{port}")
    await server.start()
    loop = asyncio.get_running_loop()
    control = start_control(health, loop)
    print(json.dumps({"grpc": bound, "control": control}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    await server.stop(None)


if __name__ == "__main__":
    asyncio.run(main())
