package main

import (
	"errors"
	"io"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that messages of known types need
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// octets is a message that nobody parses.
type octets struct{ data []byte }

// echo answers every message with itself, whatever the method. Request metadata `x-fail: N` makes it end with status N.
func echo(_ any, stream grpc.ServerStream) error {
	if request, ok := metadata.FromIncomingContext(stream.Context()); ok {
		for _, value := range request.Get("x-fail") {
			code, err := strconv.ParseUint(value, 10, 32)
			if err != nil {
				return status.Error(codes.InvalidArgument, "x-fail is not a number")
			}
			return status.Error(codes.Code(code), "x-fail")
		}
	}
	for {
		var message octets
		if err := stream.RecvMsg(&message); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.SendMsg(&message); err != nil {
			return err
		}
	}
}

// echoCodec passes octets through and leaves every other message to the protobuf codec.
type echoCodec struct{ encoding.CodecV2 }

func newEchoCodec() echoCodec { return echoCodec{encoding.GetCodecV2("proto")} }

func (c echoCodec) Marshal(message any) (mem.BufferSlice, error) {
	if raw, ok := message.(*octets); ok {
		return mem.BufferSlice{mem.SliceBuffer(raw.data)}, nil
	}
	return c.CodecV2.Marshal(message)
}

func (c echoCodec) Unmarshal(data mem.BufferSlice, message any) error {
	if raw, ok := message.(*octets); ok {
		raw.data = data.Materialize()
		return nil
	}
	return c.CodecV2.Unmarshal(data, message)
}
