package httpapi_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"purser/internal/httpapi"
)

// blocking is a handler that says when a request is inside and waits to be let go.
type blocking struct {
	entered, release chan struct{}
}

func (b blocking) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.entered <- struct{}{}
	<-b.release
	if err := r.Context().Err(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = io.WriteString(w, "finished")
}

type serving struct {
	blocking
	stop     context.CancelFunc
	returned chan error
	answered chan string
	addr     string
}

// serveOne starts a server and one request, and returns when the request is being served.
func serveOne(t *testing.T, drain time.Duration) *serving {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &serving{
		blocking: blocking{entered: make(chan struct{}), release: make(chan struct{})},
		stop:     stop, returned: make(chan error, 1), answered: make(chan string, 1), addr: lis.Addr().String(),
	}
	t.Cleanup(stop)
	go func() {
		s.returned <- httpapi.Serve(ctx, lis, s.blocking, drain, slog.New(slog.DiscardHandler))
	}()
	go func() {
		res, err := http.Get("http://" + s.addr)
		if err != nil {
			s.answered <- err.Error()
			return
		}
		defer func() { _ = res.Body.Close() }()
		text, _ := io.ReadAll(res.Body)
		s.answered <- string(text)
	}()
	<-s.entered
	return s
}

// waitClosed returns once the address refuses connections.
func (s *serving) waitClosed(t *testing.T) {
	t.Helper()
	deadline, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for deadline.Err() == nil {
		conn, err := (&net.Dialer{}).DialContext(deadline, "tcp", s.addr)
		if err != nil {
			return
		}
		_ = conn.Close()
	}
	t.Fatal("the listener still accepts")
}

func TestServeDrains(t *testing.T) {
	t.Parallel()
	s := serveOne(t, time.Minute)
	s.stop()
	s.waitClosed(t)
	select {
	case err := <-s.returned:
		t.Fatalf("Serve returned %v with a request in flight", err)
	default:
	}
	close(s.release)
	if got := <-s.answered; got != "finished" {
		t.Errorf("the request in flight got %q", got)
	}
	if err := <-s.returned; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestServeGivesUpAfterTheDrainTimeout(t *testing.T) {
	t.Parallel()
	s := serveOne(t, time.Millisecond)
	s.stop()
	err := <-s.returned
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want DeadlineExceeded", err)
	}
	close(s.release)
	if got := <-s.answered; got == "finished" {
		t.Error("the connection was not closed")
	}
}

func TestServeReportsABrokenListener(t *testing.T) {
	t.Parallel()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = lis.Close()
	if err := httpapi.Serve(t.Context(), lis, http.NotFoundHandler(), time.Second, slog.New(slog.DiscardHandler)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want net.ErrClosed", err)
	}
}
