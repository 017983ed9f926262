package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// requestTimeout bounds one request: longer than the servers' own.
const requestTimeout = 10 * time.Second

// client is one connection to a target. It speaks just enough HTTP/1.1 to cost little beside the servers
// that are measured on the same processors.
type client struct {
	*target
	conn   net.Conn
	reader *bufio.Reader
	out    []byte
	body   bytes.Buffer
}

func dial(ctx context.Context, t *target) (*client, error) {
	var network net.Dialer
	conn, err := network.DialContext(ctx, "tcp", t.address)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", t.name, err)
	}
	return &client{target: t, conn: conn, reader: bufio.NewReaderSize(conn, 32<<10)}, nil
}

// get sends one request and returns the answer's body, which is valid until the next. An answer that is
// not the page asked for is an error.
func (c *client) get(k key, now time.Time) ([]byte, error) {
	if err := c.conn.SetDeadline(now.Add(requestTimeout)); err != nil {
		return nil, fmt.Errorf("ask %s: %w", c.name, err)
	}
	c.out = c.request(c.out[:0], k)
	if _, err := c.conn.Write(c.out); err != nil {
		return nil, fmt.Errorf("ask %s: %w", c.name, err)
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", c.name, err)
	}
	c.body.Reset()
	_, err = c.body.ReadFrom(response.Body)
	if err := response.Body.Close(); err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", c.name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", c.name, err)
	}
	if body := c.body.Bytes(); response.StatusCode == http.StatusOK && bytes.HasPrefix(body, []byte(c.begin)) {
		return body, nil
	}
	text := c.body.String()
	return nil, fmt.Errorf("%s answered %s: %s", c.name, response.Status, strings.TrimSpace(text[:min(len(text), 500)]))
}

func (c *client) close() { _ = c.conn.Close() }
