package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/bench/handwritten"
	"purser/internal/auth"
)

// rangeDays is how long the range of a page is that shows one; its last day is today.
const rangeDays = 30

// target is a page at one of the two servers.
type target struct {
	*process
	address string // host:port
	// begin is what every good answer begins with.
	begin string
	// request appends the request for a key, to the last byte.
	request func(out []byte, key key) []byte
}

// key is one thing that can be asked for, with the caller's token.
type key struct{ id, token string }

// keys are all that a page can be asked for. The first of them fill it: those are chosen from, all alike.
// From all of them a few are chosen most often: those that come first.
type keys struct{ full, all []key }

// keysOf lists what a page can be asked for, each with a token of somebody who may see it.
func keysOf(ctx context.Context, conn *pgx.Conn, page handwritten.Page, issuer *auth.DevIssuer, now time.Time) (keys, error) {
	found, err := page.Keys(ctx, conn)
	if err != nil {
		return keys{}, err
	}
	all := make([]key, len(found))
	for i, k := range found {
		token, err := issuer.Token(now, k.Party.String(), []auth.Role{k.Role}, nil, auth.DevelopmentTTLMax)
		if err != nil {
			return keys{}, err
		}
		all[i] = key{id: k.ID, token: token}
	}
	return keys{full: all[:len(page.Full(found))], all: all}, nil
}

// dates are the range that a page is asked for.
func dates(now time.Time) (from, to string) {
	end := now.UTC().AddDate(0, 0, 1)
	return end.AddDate(0, 0, -rangeDays).Format(time.DateOnly), end.Format(time.DateOnly)
}

// productTarget posts the page's document, as a client does.
func productTarget(p *process, page handwritten.Page, now time.Time) (*target, error) {
	address, err := url.Parse(p.urls["GraphQL"])
	if err != nil {
		return nil, fmt.Errorf("address of %s: %w", p.name, err)
	}
	document, err := json.Marshal(page.Document)
	if err != nil {
		return nil, fmt.Errorf("encode the document of page %s: %w", page.Name, err)
	}
	variables := `"}`
	if page.Ranged {
		from, to := dates(now)
		variables = fmt.Sprintf(`","range":{"from":%q,"to":%q}}`, from, to)
	}
	bodyHead := `{"query":` + string(document) + `,"variables":{"id":"`
	head := "POST " + address.Path + " HTTP/1.1\r\nHost: " + address.Host +
		"\r\nContent-Type: application/json\r\nAccept: application/graphql-response+json\r\nAuthorization: Bearer "
	return &target{
		process: p, address: address.Host, begin: `{"data":{"` + page.Root + `":{"`,
		request: func(out []byte, key key) []byte {
			out = append(append(out, head...), key.token...)
			out = append(out, "\r\nContent-Length: "...)
			out = strconv.AppendInt(out, int64(len(bodyHead)+len(key.id)+len(variables)+1), 10)
			out = append(append(out, "\r\n\r\n"...), bodyHead...)
			return append(append(append(out, key.id...), variables...), '}')
		},
	}, nil
}

// peerTarget gets the page by its name.
func peerTarget(p *process, page handwritten.Page, now time.Time) (*target, error) {
	address, err := url.Parse(p.urls["Peer"])
	if err != nil {
		return nil, fmt.Errorf("address of %s: %w", p.name, err)
	}
	query := ""
	if page.Ranged {
		from, to := dates(now)
		query = "&from=" + from + "&to=" + to
	}
	tail := query + " HTTP/1.1\r\nHost: " + address.Host + "\r\nAccept: application/json\r\nAuthorization: Bearer "
	return &target{
		process: p, address: address.Host, begin: `{"` + page.Root + `":{"`,
		request: func(out []byte, key key) []byte {
			out = append(append(append(append(out, "GET /"...), page.Name...), "?id="...), key.id...)
			out = append(append(out, tail...), key.token...)
			return append(out, "\r\n\r\n"...)
		},
	}, nil
}
