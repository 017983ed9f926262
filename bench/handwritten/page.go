package handwritten

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"purser/internal/auth"
	"purser/ledger"
)

// Page is one page of the product in the two forms that are compared: a GraphQL document for the
// product, and a handler at /Name for the peer. Both have the same answer.
type Page struct {
	// Name is the page's name in reports, and its path at the peer.
	Name string
	// Document is what a client sends to the product. Its variables are $id, and $range where Ranged.
	Document string
	// Root is the one field that the document and the answer have at the top.
	Root string
	// Ranged says that the page shows a range of dates.
	Ranged bool
	// Rows is how many rows a full page has; 0 where keys do not differ in that.
	Rows int64

	// keys lists what the page can be asked for: book, uuid, a party who may see it, that party's role, and
	// of how many rows.
	keys string
	// kind is the type byte of the page's opaque ids.
	kind byte
	// mayAsk is the policy of the root field: which roles it is open to.
	mayAsk func(auth.Role) bool
	// statements are prepared on every connection, by name.
	statements map[string]string
	// answer appends the page's JSON to out.
	answer func(ctx context.Context, s *server, a *ask, out []byte) ([]byte, error)
}

// Pages are all pages, in the order in which they are reported.
func Pages() []Page { return []Page{walletPage, historyPage, campaignsPage} }

// Key names what one request of a page asks for, and who may ask.
type Key struct {
	// ID is the opaque id, as clients send it.
	ID string
	// Party and Role make the token of somebody who may see it.
	Party ledger.ID
	Role  auth.Role
	// Rows is how many rows it has to show, where keys differ in that.
	Rows int64
}

// Keys returns every key of a page that has somebody who may see it: those with the most rows first, and
// then in the order of their ids.
func (p Page) Keys(ctx context.Context, conn *pgx.Conn) ([]Key, error) {
	rows, err := conn.Query(ctx, p.keys)
	if err != nil {
		return nil, fmt.Errorf("list the keys of page %s: %w", p.Name, err)
	}
	keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Key, error) {
		var book ledger.BookID
		var id ledger.ID
		var key Key
		err := row.Scan(&book, &id, &key.Party, &key.Role, &key.Rows)
		key.ID = string(appendObjectID(nil, p.kind, book, id))
		return key, err
	})
	if err != nil {
		return nil, fmt.Errorf("list the keys of page %s: %w", p.Name, err)
	}
	return keys, nil
}

// Full returns those of the page's keys that fill it, or have the most rows there are: what the page is
// measured by. They come first in what Keys returned.
func (p Page) Full(keys []Key) []Key {
	n := 0
	for n < len(keys) && keys[n].Rows >= min(p.Rows, keys[0].Rows) {
		n++
	}
	return keys[:n]
}

// Find returns the page of a name; ok is false when there is none.
func Find(name string) (page Page, ok bool) {
	all := Pages()
	i := slices.IndexFunc(all, func(p Page) bool { return p.Name == name })
	if i < 0 {
		return Page{}, false
	}
	return all[i], true
}
