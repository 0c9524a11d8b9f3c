// Command healthserver is a grpc-go server for tests: grpc.health.v1 whose answers are steered over HTTP while it runs,
// server reflection, and an echo for every other method.
//
//	healthserver [-listen 127.0.0.1:0,…] [-cert FILE -key FILE [-client-ca FILE]] [-record FILE]
//
// Once everything is bound it prints one line of JSON, {"grpc":["127.0.0.1:4001"],"control":"127.0.0.1:4002"}. It ends when
// its standard input does, so that it never outlives the test that started it; on SIGTERM it finishes its calls first.
// control.go has the control's URLs, record.go what is recorded.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
)

func main() {
	log.SetFlags(0)
	listen := flag.String("listen", "127.0.0.1:0", "where gRPC is served: host:port, several joined by commas")
	cert := flag.String("cert", "", "certificate file, PEM; turns TLS on")
	key := flag.String("key", "", "private key file, PEM")
	clientCA := flag.String("client-ca", "", "file of the CA that client certificates must come from, PEM")
	recordFile := flag.String("record", "", "file to which the calls of the echo are appended")
	flag.Parse()
	calls, err := newRecorder(*recordFile)
	if err != nil {
		log.Fatal(err)
	}
	if err := run(strings.Split(*listen, ","), tlsFiles{cert: *cert, key: *key, clientCA: *clientCA}, calls); err != nil {
		log.Fatal(err)
	}
}

func run(addresses []string, files tlsFiles, calls *recorder) error {
	options := []grpc.ServerOption{
		grpc.ForceServerCodecV2(newEchoCodec()),
		grpc.UnknownServiceHandler(calls.recorded(echo)),
		// Clients may ping as often as they like: what grpc-go allows by default is not what is tested here.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Millisecond, PermitWithoutStream: true}),
	}
	if files.cert != "" {
		config, err := files.load()
		if err != nil {
			return err
		}
		options = append(options, grpc.Creds(credentials.NewTLS(config)))
	}
	health := newHealth()
	server := grpc.NewServer(options...)
	healthpb.RegisterHealthServer(server, health)
	reflection.Register(server)

	failed := make(chan error, len(addresses)+1)
	var bound []string
	for _, address := range addresses {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		bound = append(bound, listener.Addr().String())
		go func() {
			// It returns without an error when the server stops gracefully, which has its own end.
			if err := server.Serve(health.connections.track(listener)); err != nil {
				failed <- err
			}
		}()
	}
	control, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { failed <- http.Serve(control, controlHandler(health)) }()

	ready, err := json.Marshal(map[string]any{"grpc": bound, "control": control.Addr().String()})
	if err != nil {
		return err
	}
	fmt.Println(string(ready))
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		failed <- nil
	}()
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM)
	go func() {
		<-terminate
		server.GracefulStop()
		failed <- nil
	}()
	return <-failed
}

type tlsFiles struct{ cert, key, clientCA string }

func (f tlsFiles) load() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if f.clientCA == "" {
		return config, nil
	}
	pem, err := os.ReadFile(f.clientCA)
	if err != nil {
		return nil, err
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New(f.clientCA + ": no certificate")
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	return config, nil
}
