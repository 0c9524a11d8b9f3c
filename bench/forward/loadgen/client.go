package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

type work struct {
	calls, messages int
	headers, method string
	deadline        time.Duration
	interval        time.Duration
	payload         []byte
}

type tally struct {
	mutex     sync.Mutex
	latencies []time.Duration
	failed    int
	errors    map[string]int
}

// call makes -n calls over -conns connections with -streams calls in flight on each.
func call(arguments []string) {
	flags := flag.NewFlagSet("client", flag.ExitOnError)
	address := flags.String("addr", "127.0.0.1:9002", "host:port")
	connections := flags.Int("conns", 8, "connections")
	streams := flags.Int("streams", 10, "calls in flight per connection")
	size := flags.Int("size", 13, "octets per message")
	secure := flags.Bool("tls", false, "TLS without verification")
	rate := flags.Float64("rate", 0, "calls per second in all; 0 is a closed loop")
	job := work{}
	flags.IntVar(&job.calls, "n", 60000, "calls")
	flags.StringVar(&job.headers, "headers", "plain", "plain, unique or heavy")
	flags.IntVar(&job.messages, "messages", 0, "messages of one bidirectional stream; 0 is unary")
	flags.StringVar(&job.method, "method", "/echo.Echo/Call", "path")
	flags.DurationVar(&job.deadline, "deadline", 20*time.Second, "of each call")
	_ = flags.Parse(arguments)
	if *rate > 0 {
		job.interval = time.Duration(float64(time.Second) / *rate)
	}
	job.payload = make([]byte, *size)
	_, _ = rand.Read(job.payload)
	transport := insecure.NewCredentials()
	if *secure {
		transport = credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})
	}

	var next atomic.Int64
	var group sync.WaitGroup
	result := tally{errors: map[string]int{}}
	start := time.Now()
	for range *connections {
		connection, err := grpc.NewClient("passthrough:///"+*address,
			grpc.WithTransportCredentials(transport),
			grpc.WithDefaultCallOptions(grpc.ForceCodec(octets{}), grpc.MaxCallRecvMsgSize(maxMessageBytes)))
		if err != nil {
			log.Fatal(err)
		}
		for range *streams {
			group.Add(1)
			go func() {
				defer group.Done()
				job.run(connection, &next, start, &result)
			}()
		}
	}
	group.Wait()
	result.print(time.Since(start))
}

func (job *work) run(connection *grpc.ClientConn, next *atomic.Int64, start time.Time, result *tally) {
	latencies := []time.Duration{}
	for {
		index := next.Add(1) - 1
		if index >= int64(job.calls) {
			break
		}
		begin := time.Now()
		if job.interval > 0 {
			begin = start.Add(time.Duration(index) * job.interval)
			time.Sleep(time.Until(begin))
		}
		if err := job.one(connection); err != nil {
			result.fail(err)
		} else {
			latencies = append(latencies, time.Since(begin))
		}
	}
	result.mutex.Lock()
	result.latencies = append(result.latencies, latencies...)
	result.mutex.Unlock()
}

func (job *work) one(connection *grpc.ClientConn) error {
	ctx, cancel := context.WithTimeout(context.Background(), job.deadline)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, job.fields()...)
	var answer []byte
	if job.messages == 0 {
		err := connection.Invoke(ctx, job.method, &job.payload, &answer)
		if err == nil && len(answer) != len(job.payload) {
			err = fmt.Errorf("%d octets came back", len(answer))
		}
		return err
	}
	stream, err := connection.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, job.method)
	for sent := 0; err == nil && sent < job.messages; sent++ {
		if err = stream.SendMsg(&job.payload); err == nil {
			err = stream.RecvMsg(&answer)
		}
	}
	if err == nil {
		err = stream.CloseSend()
	}
	if err == nil {
		if err = stream.RecvMsg(&answer); errors.Is(err, io.EOF) {
			return nil
		}
	}
	return err
}

// fields gives what makes calls differ in their header fields, as tracing and tokens do.
func (job *work) fields() []string {
	if job.headers == "plain" {
		return nil
	}
	var id [24]byte
	_, _ = rand.Read(id[:])
	text := hex.EncodeToString(id[:])
	fields := []string{"traceparent", "00-" + text[:32] + "-" + text[32:] + "-01", "x-request-id", text[:32]}
	if job.headers == "heavy" {
		token := "Bearer " + strings.Repeat("eyJhbGciOi", 60)
		fields = append(fields, "authorization", token, "x-tenant", "acme-corp-eu-west", "x-feature-flags", "a=1,b=2,c=3")
	}
	return fields
}

func (result *tally) fail(err error) {
	result.mutex.Lock()
	result.failed++
	result.errors[err.Error()]++
	result.mutex.Unlock()
}

func (result *tally) print(elapsed time.Duration) {
	sort.Slice(result.latencies, func(a, b int) bool { return result.latencies[a] < result.latencies[b] })
	at := func(share float64) int64 {
		if len(result.latencies) == 0 {
			return 0
		}
		return result.latencies[int(float64(len(result.latencies)-1)*share)].Microseconds()
	}
	shown := map[string]int{}
	for text, count := range result.errors {
		if len(shown) < 5 {
			shown[text] = count
		}
	}
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{
		"ok": len(result.latencies), "failed": result.failed, "perSecond": float64(len(result.latencies)) / elapsed.Seconds(),
		"p50": at(.5), "p99": at(.99), "p999": at(.999), "max": at(1), "errors": shown,
	})
	if result.failed > 0 {
		os.Exit(1)
	}
}
