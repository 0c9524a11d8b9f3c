// Command echoclient is a grpc-go client for tests: it calls a server that echoes every method, in each shape that a call
// can have, all on one connection.
//
//	echoclient -target 127.0.0.1:4001 [-ca FILE -name localhost]
//
// It prints one line of JSON, what happened by case: "ok", or what was wrong. Request metadata that begins with `x-echo` is
// expected back as header metadata, and a call with `x-fail: N` is expected to end with status N.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const unary, stream = "/test.Echo/Unary", "/test.Echo/Stream"

var streamDesc = &grpc.StreamDesc{StreamName: "Stream", ClientStreams: true, ServerStreams: true}

// rawCodec passes octets through.
type rawCodec struct{}

func (rawCodec) Marshal(message any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*message.(*[]byte))}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, message any) error {
	*message.(*[]byte) = data.Materialize()
	return nil
}

func (rawCodec) Name() string { return "raw" }

func main() {
	log.SetFlags(0)
	target := flag.String("target", "", "host:port of the server")
	ca := flag.String("ca", "", "file of the CA that the server's certificate must come from, PEM; turns TLS on")
	name := flag.String("name", "", "the server's name in its certificate")
	flag.Parse()
	transport := insecure.NewCredentials()
	if *ca != "" {
		var err error
		if transport, err = credentials.NewClientTLSFromFile(*ca, *name); err != nil {
			log.Fatal(err)
		}
	}
	conn, err := grpc.NewClient("passthrough:///"+*target, grpc.WithTransportCredentials(transport),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(rawCodec{}), grpc.MaxCallRecvMsgSize(1<<26)))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	results := map[string]string{}
	for name, run := range map[string]func(context.Context, *grpc.ClientConn) error{
		"unary": unaryCalls, "metadata": echoMetadata, "ping-pong": pingPong, "one way, then the other": halves,
		"concurrent": concurrent, "status": fail, "deadline": deadline, "cancel": cancel,
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		results[name] = "ok"
		if err := run(ctx, conn); err != nil {
			results[name] = err.Error()
		}
		cancel()
	}
	line, err := json.Marshal(results)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(line))
}

func call(ctx context.Context, conn *grpc.ClientConn, size int, options ...grpc.CallOption) error {
	sent := bytes.Repeat([]byte{byte(size), 7}, size)[:size]
	var received []byte
	if err := conn.Invoke(ctx, unary, &sent, &received, options...); err != nil {
		return err
	}
	if !bytes.Equal(sent, received) {
		return fmt.Errorf("%d octets came back as %d others", size, len(received))
	}
	return nil
}

func unaryCalls(ctx context.Context, conn *grpc.ClientConn) error {
	for _, size := range []int{0, 1, 13, 16_379, 16_380, 65_535, 1 << 20, 5 << 20} {
		if err := call(ctx, conn, size); err != nil {
			return fmt.Errorf("%d octets: %w", size, err)
		}
	}
	return nil
}

func echoMetadata(ctx context.Context, conn *grpc.ClientConn) error {
	for round := range 5 {
		values := []string{"one", "two, three", fmt.Sprint(round)}
		binary := string([]byte{0, 255, byte(round)})
		ctx := metadata.AppendToOutgoingContext(ctx, "x-echo-a", values[0], "x-echo-a", values[1], "x-echo-a", values[2],
			"x-echo-bin", binary, "authorization", "bearer token", "x-other", "stays here")
		var header metadata.MD
		if err := call(ctx, conn, 10, grpc.Header(&header)); err != nil {
			return err
		}
		if !slices.Equal(header.Get("x-echo-a"), values) || !slices.Equal(header.Get("x-echo-bin"), []string{binary}) {
			return fmt.Errorf("round %d: %v", round, header)
		}
	}
	return nil
}

func pingPong(ctx context.Context, conn *grpc.ClientConn) error {
	both, err := conn.NewStream(ctx, streamDesc, stream)
	if err != nil {
		return err
	}
	for size := range 500 {
		sent := make([]byte, size)
		if err := both.SendMsg(&sent); err != nil {
			return err
		}
		var received []byte
		if err := both.RecvMsg(&received); err != nil {
			return err
		}
		if !bytes.Equal(sent, received) {
			return fmt.Errorf("%d octets came back as %d", size, len(received))
		}
	}
	return end(both)
}

// halves sends without reading: what does not fit the windows has to wait, and nothing else may.
func halves(ctx context.Context, conn *grpc.ClientConn) error {
	both, err := conn.NewStream(ctx, streamDesc, stream)
	if err != nil {
		return err
	}
	const count, size = 200, 16_000
	sending := make(chan error, 1)
	go func() {
		sent := make([]byte, size)
		for range count {
			if err := both.SendMsg(&sent); err != nil {
				sending <- err
				return
			}
		}
		sending <- both.CloseSend()
	}()
	if err := call(ctx, conn, 100); err != nil {
		return fmt.Errorf("a call beside it: %w", err)
	}
	for range count {
		var received []byte
		if err := both.RecvMsg(&received); err != nil {
			return err
		}
		if len(received) != size {
			return fmt.Errorf("%d octets came back", len(received))
		}
	}
	if err := <-sending; err != nil {
		return err
	}
	return end(both)
}

func end(both grpc.ClientStream) error {
	if err := both.CloseSend(); err != nil {
		return err
	}
	var none []byte
	if err := both.RecvMsg(&none); !errors.Is(err, io.EOF) {
		return fmt.Errorf("end: %v", err)
	}
	return nil
}

func concurrent(ctx context.Context, conn *grpc.ClientConn) error {
	var group sync.WaitGroup
	failed := make(chan error, 1000)
	for index := range 1000 {
		group.Add(1)
		go func() {
			defer group.Done()
			failed <- call(ctx, conn, index)
		}()
	}
	group.Wait()
	close(failed)
	for err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

func fail(ctx context.Context, conn *grpc.ClientConn) error {
	ctx = metadata.AppendToOutgoingContext(ctx, "x-fail", "5")
	return expect(codes.NotFound, call(ctx, conn, 100_000))
}

func deadline(ctx context.Context, conn *grpc.ClientConn) error {
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	return openEnded(ctx, short, conn, codes.DeadlineExceeded)
}

func cancel(ctx context.Context, conn *grpc.ClientConn) error {
	short, cancel := context.WithCancel(ctx)
	time.AfterFunc(50*time.Millisecond, cancel)
	return openEnded(ctx, short, conn, codes.Canceled)
}

// openEnded waits on a stream that only the client ends, and then makes another call.
func openEnded(ctx, short context.Context, conn *grpc.ClientConn, code codes.Code) error {
	both, err := conn.NewStream(short, streamDesc, stream)
	if err != nil {
		return err
	}
	var received []byte
	if err := expect(code, both.RecvMsg(&received)); err != nil {
		return err
	}
	return call(ctx, conn, 10)
}

func expect(code codes.Code, err error) error {
	if status.Code(err) != code {
		return fmt.Errorf("wanted %v: %v", code, err)
	}
	return nil
}
