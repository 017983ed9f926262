package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/bench/handwritten"
	"purser/internal/auth"
	"purser/internal/embedpg"
)

// comparedKeys is how many answers of each page are compared before anything is measured.
const comparedKeys = 200

// bench does all of it, and leaves no process and no temporary file behind.
func (o options) bench(ctx context.Context, stdout, stderr io.Writer, clock func() time.Time) (err error) {
	db, err := openDatabase(ctx, o.data, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close(ctx)) }()
	if o.size, err = db.load(ctx, o, stderr); err != nil {
		return err
	}
	b := &bench{options: o, db: db, stderr: stderr, clock: clock, keys: map[string]keys{}}
	defer func() { err = errors.Join(err, b.stop()) }()
	if err := b.start(ctx); err != nil {
		return err
	}
	if err := b.compareAll(ctx); err != nil {
		return err
	}
	results, err := b.measureAll(ctx)
	if err != nil {
		return err
	}
	return report(stdout, o, b.keys, results)
}

// bench is a run with both servers up.
type bench struct {
	options
	db            *database
	product, peer *process
	stderr        io.Writer
	clock         func() time.Time
	keys          map[string]keys // by page
}

func (b *bench) start(ctx context.Context) error {
	dir, err := embedpg.EnsureDataDir(b.db.keyDir())
	if err != nil {
		return err
	}
	issuer, err := auth.DevKey(dir)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, b.db.AppURL())
	if err != nil {
		return fmt.Errorf("list keys: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, page := range b.pages {
		if b.keys[page.Name], err = keysOf(ctx, conn, page, issuer, b.clock()); err != nil {
			return err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	if b.product, err = start(ctx, "purser", b.db.dir, b.db.environ(), b.server, "serve"); err != nil {
		return err
	}
	b.peer, err = start(ctx, "peer", b.db.dir, b.db.environ(), self, peerCommand)
	return err
}

func (b *bench) stop() error {
	var errs []error
	for _, p := range []*process{b.product, b.peer} {
		if p != nil {
			errs = append(errs, p.stop())
		}
	}
	return errors.Join(errs...)
}

// targets are a page at the product and at the peer.
func (b *bench) targets(page handwritten.Page) (product, peer *target, err error) {
	if product, err = productTarget(b.product, page, b.clock()); err != nil {
		return nil, nil, err
	}
	peer, err = peerTarget(b.peer, page, b.clock())
	return product, peer, err
}

// compareAll asks both servers for some of every page and compares the answers, but for the instants at
// which they were asked.
func (b *bench) compareAll(ctx context.Context) error {
	for _, page := range b.pages {
		product, peer, err := b.targets(page)
		if err != nil {
			return err
		}
		if err := b.compare(ctx, product, peer, b.keys[page.Name].all); err != nil {
			return fmt.Errorf("compare page %s: %w", page.Name, err)
		}
	}
	return nil
}

func (b *bench) compare(ctx context.Context, product, peer *target, keys []key) error {
	if len(keys) == 0 {
		return errors.New("the marketplace has nothing that it shows")
	}
	ours, err := dial(ctx, product)
	if err != nil {
		return err
	}
	defer ours.close()
	theirs, err := dial(ctx, peer)
	if err != nil {
		return err
	}
	defer theirs.close()
	step := max(1, len(keys)/comparedKeys)
	for i := 0; i < len(keys) && ctx.Err() == nil; i += step {
		got, err := ours.get(keys[i], b.clock())
		if err != nil {
			return err
		}
		want, err := theirs.get(keys[i], b.clock())
		if err != nil {
			return err
		}
		if err := sameData(got, want); err != nil {
			return fmt.Errorf("the page of %s: %w", keys[i].id, err)
		}
	}
	return context.Cause(ctx)
}

// sameData compares the data of the product's answer with the peer's answer.
func sameData(product, peer []byte) error {
	var answer struct{ Data json.RawMessage }
	if err := json.Unmarshal(product, &answer); err != nil {
		return fmt.Errorf("decode the product's answer: %w", err)
	}
	if data, want := withoutInstants(answer.Data), withoutInstants(peer); !bytes.Equal(data, want) {
		return fmt.Errorf("the answers differ:\n%s\n%s", data, want)
	}
	return nil
}

// instants are the fields that say when a server was asked.
var instants = regexp.MustCompile(`"(asOf|orderedAsOf)":"[^"]*"`)

// withoutInstants cuts their values: the two were not asked at the same instant.
func withoutInstants(data []byte) []byte { return instants.ReplaceAll(data, []byte(`"$1":""`)) }
