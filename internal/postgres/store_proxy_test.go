package postgres_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// proxy stands between the product and PostgreSQL, and knows enough of the
// protocol to meddle with a COMMIT.
type proxy struct {
	t        testing.TB
	listener net.Listener
	server   *pgconn.Config

	mu       sync.Mutex
	meddle   func() fault // asked at each COMMIT of a writer
	meddled  int
	sessions sync.WaitGroup
}

// fault is what the proxy does with a COMMIT.
type fault uint8

const (
	forward     fault = iota
	loseAnswer        // forward it, wait until it is done, and break the connection instead of answering
	breakAtOnce       // forward it and break the connection without waiting
	loseCommit        // break both connections in its place
)

// newProxy listens on the loopback interface until the test's end.
func newProxy(t testing.TB, serverURL string) *proxy {
	t.Helper()
	server, err := pgconn.ParseConfig(serverURL)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, listener: listener, server: server, meddle: func() fault { return forward }}
	p.sessions.Go(p.accept)
	t.Cleanup(func() {
		listener.Close() // ends accept
		p.sessions.Wait()
	})
	return p
}

// url connects through the proxy.
func (p *proxy) url() string {
	return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", url.PathEscape(p.server.User), p.listener.Addr(), url.PathEscape(p.server.Database))
}

// set decides over the COMMITs to come.
func (p *proxy) set(meddle func() fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.meddle = meddle
}

// once returns what meddles with the next COMMIT only.
func once(what fault) func() fault {
	return func() fault {
		now := what
		what = forward
		return now
	}
}

func (p *proxy) commit() fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	what := p.meddle()
	if what != forward {
		p.meddled++
	}
	return what
}

// wantMeddled fails the test unless so many COMMITs were meddled with.
func (p *proxy) wantMeddled(t *testing.T, want int) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.meddled != want {
		t.Errorf("%d commits were meddled with, want %d", p.meddled, want)
	}
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		network, address := pgconn.NetworkAddress(p.server.Host, p.server.Port)
		server, err := (&net.Dialer{}).DialContext(p.t.Context(), network, address)
		if err != nil {
			client.Close() // nothing was sent
			continue
		}
		s := &session{proxy: p, client: client, server: server}
		p.sessions.Go(s.fromClient)
		p.sessions.Go(s.fromServer)
	}
}

// session is one connection through the proxy.
type session struct {
	proxy          *proxy
	client, server net.Conn
	commitName     []byte // of the prepared statement that commits a writer's batch
	knownName      []byte // of the one that begins a batch which its Sync commits
	known          bool   // such a batch is on its way

	mu   sync.Mutex
	lost fault // what became of a COMMIT of this session
}

func (s *session) close() {
	s.client.Close() // both ends are being broken
	s.server.Close() // both ends are being broken
}

// fromClient forwards message by message: a length follows the type, which only
// the first message lacks.
func (s *session) fromClient() {
	defer s.close()
	for head := 4; ; head = 5 {
		header := make([]byte, head)
		if _, err := io.ReadFull(s.client, header); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(header[head-4:])-4)
		if _, err := io.ReadFull(s.client, body); err != nil {
			return
		}
		if head == 5 && !s.allow(header[0], body) {
			return
		}
		if _, err := s.server.Write(append(header, body...)); err != nil {
			return
		}
		if s.state() == breakAtOnce && header[0] == 'S' {
			return
		}
	}
}

// allow looks at a message before it is forwarded; false breaks the session.
func (s *session) allow(kind byte, body []byte) bool {
	switch kind {
	case 'P': // Parse: name, text
		if name, text, ok := bytes.Cut(body, []byte{0}); ok && bytes.HasPrefix(text, []byte("-- name: commit\n")) {
			s.commitName = bytes.Clone(name)
		} else if ok && bytes.HasPrefix(text, []byte("-- name: known_head_move\n")) {
			s.knownName = bytes.Clone(name)
		}
	case 'B': // Bind: portal, name
		_, rest, _ := bytes.Cut(body, []byte{0})
		name, _, _ := bytes.Cut(rest, []byte{0})
		s.known = s.known || s.knownName != nil && bytes.Equal(name, s.knownName)
		if s.commitName != nil && bytes.Equal(name, s.commitName) {
			s.commit()
		}
	case 'S': // Sync
		if s.known {
			s.commit()
		}
		s.known = false
	}
	return s.state() != loseCommit
}

func (s *session) commit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = s.proxy.commit()
}

func (s *session) state() fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// fromServer forwards what the server says, until a COMMIT is meddled with: then
// the client gets nothing more. A COMMIT that is to be done is waited for.
func (s *session) fromServer() {
	defer s.close()
	buffer := make([]byte, 1<<16)
	var swallowed []byte
	idle := []byte("Z\x00\x00\x00\x05I") // ready for the next query, in no database transaction
	for {
		n, err := s.server.Read(buffer)
		if err != nil {
			return
		}
		if s.state() == forward {
			if _, err := s.client.Write(buffer[:n]); err != nil {
				return
			}
			continue
		}
		if swallowed = append(swallowed, buffer[:n]...); bytes.Contains(swallowed, idle) {
			return
		}
	}
}
