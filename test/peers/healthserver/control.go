package main

import (
	"encoding/json"
	"fmt"
	"net/http"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// state is what the control shows and takes. Taken, an absent member changes nothing, and a null status forgets the service.
type state struct {
	Statuses  map[string]*string `json:"statuses,omitempty"`
	Behaviour *behaviour         `json:"behaviour,omitempty"`
	Counts    *counts            `json:"counts,omitempty"`
}

// controlHandler serves GET /state, and PATCH /state with a part of the same JSON; the change holds once it is answered.
func controlHandler(h *health) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("content-type", "application/json")
		_ = json.NewEncoder(w).Encode(h.show())
	})
	mux.HandleFunc("PATCH /state", func(w http.ResponseWriter, r *http.Request) {
		var wanted state
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		err := decoder.Decode(&wanted)
		if err == nil {
			err = h.take(wanted)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

func (h *health) show() state {
	h.mu.Lock()
	defer h.mu.Unlock()
	statuses := map[string]*string{}
	for service, answer := range h.statuses {
		word := answer.String()
		statuses[service] = &word
	}
	now, counted := h.behaviour, h.counts
	counted.Connections = h.connections.accepted()
	return state{Statuses: statuses, Behaviour: &now, Counts: &counted}
}

func (h *health) take(wanted state) error {
	if wanted.Behaviour != nil {
		switch wanted.Behaviour.Kind {
		case "answer", "hang", "delay", "error", "reset", "unimplemented":
		default:
			return fmt.Errorf("unknown kind %q", wanted.Behaviour.Kind)
		}
	}
	for _, word := range wanted.Statuses {
		if word == nil {
			continue
		}
		if _, known := healthpb.HealthCheckResponse_ServingStatus_value[*word]; !known {
			return fmt.Errorf("unknown status %q", *word)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if wanted.Behaviour != nil {
		h.behaviour = *wanted.Behaviour
	}
	for service, word := range wanted.Statuses {
		if word == nil {
			delete(h.statuses, service)
		} else {
			h.statuses[service] = healthpb.HealthCheckResponse_ServingStatus(healthpb.HealthCheckResponse_ServingStatus_value[*word])
		}
	}
	close(h.changed)
	h.changed = make(chan struct{})
	return nil
}
