package main

import (
	"net"
	"sync"
)

// connections knows the raw connection of every peer: grpc-go hides them, and a reset needs them.
type connections struct {
	mu    sync.Mutex
	open  map[string]net.Conn
	total int
}

func newConnections() *connections { return &connections{open: map[string]net.Conn{}} }

func (c *connections) track(listener net.Listener) net.Listener { return trackingListener{listener, c} }

func (c *connections) accepted() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}

// reset ends the peer's connection with a TCP RST.
func (c *connections) reset(peer string) {
	c.mu.Lock()
	conn := c.open[peer]
	c.mu.Unlock()
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
		_ = tcp.Close()
	}
}

type trackingListener struct {
	net.Listener
	connections *connections
}

func (l trackingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.connections.mu.Lock()
	defer l.connections.mu.Unlock()
	l.connections.total++
	l.connections.open[conn.RemoteAddr().String()] = conn
	return trackedConn{conn, l.connections}, nil
}

type trackedConn struct {
	net.Conn
	connections *connections
}

func (c trackedConn) Close() error {
	c.connections.mu.Lock()
	delete(c.connections.open, c.RemoteAddr().String())
	c.connections.mu.Unlock()
	return c.Conn.Close()
}
