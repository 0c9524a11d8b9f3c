package main

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// behaviour is what a health call meets before it gets an answer.
type behaviour struct {
	// Kind: answer | hang | delay | error | reset | unimplemented.
	Kind string `json:"kind"`
	// DelayMs is how long a call of kind delay waits before it is answered.
	DelayMs int `json:"delayMs,omitempty"`
	// Code is the gRPC status of kind error.
	Code codes.Code `json:"code,omitempty"`
}

// counts are what came in so far, and what is in now.
type counts struct {
	Checks         int `json:"checks"`
	ChecksInFlight int `json:"checksInFlight"`
	Watches        int `json:"watches"`
	OpenWatches    int `json:"openWatches"`
	Connections    int `json:"connections"`
}

// health is grpc.health.v1 as the control wants it.
type health struct {
	healthpb.UnimplementedHealthServer
	connections *connections

	mu        sync.Mutex
	statuses  map[string]healthpb.HealthCheckResponse_ServingStatus
	behaviour behaviour
	counts    counts
	changed   chan struct{} // closed and replaced at every change
}

func newHealth() *health {
	return &health{
		connections: newConnections(),
		statuses:    map[string]healthpb.HealthCheckResponse_ServingStatus{"": healthpb.HealthCheckResponse_SERVING},
		behaviour:   behaviour{Kind: "answer"},
		changed:     make(chan struct{}),
	}
}

func (h *health) Check(ctx context.Context, request *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	h.count(func(c *counts) { c.Checks++; c.ChecksInFlight++ })
	defer h.count(func(c *counts) { c.ChecksInFlight-- })
	if err := h.behave(ctx); err != nil {
		return nil, err
	}
	answer, known, _ := h.look(request.Service)
	if !known {
		return nil, status.Error(codes.NotFound, "unknown service")
	}
	return &healthpb.HealthCheckResponse{Status: answer}, nil
}

func (h *health) Watch(request *healthpb.HealthCheckRequest, stream grpc.ServerStreamingServer[healthpb.HealthCheckResponse]) error {
	h.count(func(c *counts) { c.Watches++; c.OpenWatches++ })
	defer h.count(func(c *counts) { c.OpenWatches-- })
	sent := healthpb.HealthCheckResponse_ServingStatus(-1)
	for {
		if err := h.behave(stream.Context()); err != nil {
			return err
		}
		answer, known, changed := h.look(request.Service)
		if !known {
			answer = healthpb.HealthCheckResponse_SERVICE_UNKNOWN
		}
		if answer != sent {
			if err := stream.Send(&healthpb.HealthCheckResponse{Status: answer}); err != nil {
				return err
			}
			sent = answer
		}
		select {
		case <-changed:
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}

// behave acts out the behaviour; after nil the call is to be answered. A call that hangs follows a change of behaviour.
func (h *health) behave(ctx context.Context) error {
	for {
		h.mu.Lock()
		now, changed := h.behaviour, h.changed
		h.mu.Unlock()
		switch now.Kind {
		case "hang":
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		case "delay":
			select {
			case <-time.After(time.Duration(now.DelayMs) * time.Millisecond):
			case <-ctx.Done():
				return ctx.Err()
			}
		case "error":
			return status.Error(now.Code, "asked to fail")
		case "unimplemented":
			// grpc-go's own words for a server without the service.
			return status.Error(codes.Unimplemented, "unknown service grpc.health.v1.Health")
		case "reset":
			if caller, ok := peer.FromContext(ctx); ok {
				h.connections.reset(caller.Addr.String())
			}
			return status.Error(codes.Unavailable, "reset")
		}
		return nil
	}
}

func (h *health) look(service string) (healthpb.HealthCheckResponse_ServingStatus, bool, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	answer, known := h.statuses[service]
	return answer, known, h.changed
}

// count changes the counts and wakes nobody.
func (h *health) count(change func(*counts)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change(&h.counts)
}
