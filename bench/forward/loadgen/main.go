// loadgen is a grpc-go echo server, and a client that calls one in a closed or an open loop.
//
//	loadgen server -addr 127.0.0.1:50061
//	loadgen client -addr 127.0.0.1:9002 -conns 8 -streams 10 -n 60000 -size 13 -headers plain|unique|heavy [-messages K] [-rate R]
//
// The client prints one JSON object: calls that passed and failed, calls per second, latencies in microseconds, and up to
// five of the errors. With -rate, calls start by a fixed schedule and latency counts from the planned start, so that a
// stall is not hidden by calls that never began.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "server" {
		serve(os.Args[2:])
	} else if len(os.Args) > 1 && os.Args[1] == "client" {
		call(os.Args[2:])
	} else {
		fmt.Fprintln(os.Stderr, "loadgen server|client")
		os.Exit(2)
	}
}

// octets is a codec for messages that nobody parses.
type octets struct{}

func (octets) Marshal(message any) ([]byte, error) { return *(message.(*[]byte)), nil }

func (octets) Unmarshal(data []byte, message any) error {
	*(message.(*[]byte)) = append([]byte(nil), data...)
	return nil
}

func (octets) Name() string { return "proto" }
