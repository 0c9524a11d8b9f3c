package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// recorder appends a line for every call that has the request metadata `x-call-id`, before it is acted on: `begin ID`, and when
// it has ended `end ID`. What was written stays when the process is killed. Without a file nothing is recorded.
type recorder struct{ file *os.File }

func newRecorder(path string) (*recorder, error) {
	if path == "" {
		return &recorder{}, nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	return &recorder{file}, err
}

func (r *recorder) write(what, id string) error {
	if r.file == nil {
		return nil
	}
	// One write each: lines of several processes do not mix.
	_, err := fmt.Fprintf(r.file, "%s %s\n", what, id)
	return err
}

// recorded records the calls of a handler. Request metadata `x-delay-ms: N` makes it begin so much later.
func (r *recorder) recorded(handler grpc.StreamHandler) grpc.StreamHandler {
	return func(service any, stream grpc.ServerStream) error {
		request, _ := metadata.FromIncomingContext(stream.Context())
		for _, id := range request.Get("x-call-id") {
			if err := r.write("begin", id); err != nil {
				return status.Error(codes.DataLoss, err.Error())
			}
			defer func() { _ = r.write("end", id) }()
		}
		for _, value := range request.Get("x-delay-ms") {
			delayMs, err := strconv.Atoi(value)
			if err != nil {
				return status.Error(codes.InvalidArgument, "x-delay-ms is not a number")
			}
			select {
			case <-time.After(time.Duration(delayMs) * time.Millisecond):
			case <-stream.Context().Done():
				return stream.Context().Err()
			}
		}
		return handler(service, stream)
	}
}
